/** The program of a board's thread: joins the board and the devices, which do not know each other. */
import { runBoardThread } from '../board/index.ts'
import { guestSides } from './devices.ts'
import { allDevices } from './table.ts'

void runBoardThread(guestSides(allDevices))
