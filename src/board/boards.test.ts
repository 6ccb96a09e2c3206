import { silent } from '../log/index.ts'
import { boardSuite } from './board-suite.ts'
import { findFirmware } from './firmware.ts'

const firmware = findFirmware({ bios: undefined, folders: [] }, silent)
boardSuite('none', firmware)
boardSuite('v86', firmware)
