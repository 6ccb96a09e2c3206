/** The program of a board's thread that knows one device more. */
import { runBoardThread } from '../../src/board/index.ts'
import { guestSides } from '../../src/devices/index.ts'
import { tableWithEcho } from './echo-device.ts'

void runBoardThread(guestSides(tableWithEcho))
