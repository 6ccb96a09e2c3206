import { noDevices } from '../../test/guests/no-devices.ts'
import { silent } from '../log/index.ts'
import { boardSuite } from './board-suite.ts'
import { findFirmware } from './firmware/firmware.ts'

const firmware = findFirmware({ bios: undefined, folders: [] }, silent)
boardSuite('none', firmware, noDevices)
boardSuite('v86', firmware, noDevices)
