/** The program of a board's thread that knows no devices beside those that every PC has. */
import { runBoardThread } from '../../src/board/index.ts'

void runBoardThread(() => undefined)
