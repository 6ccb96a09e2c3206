import type { Drive, DriveSet } from '../block/index.ts'
import type { Board, DriveSlot } from '../board/index.ts'
import type { RunnableBoard } from '../runstate/index.ts'
import { slotOf } from './board-config.ts'

/** Joins each drive that the guest has with its controller on the board. */
export function plugDrives(drives: DriveSet, board: Board): void {
  for (const drive of drives) {
    const slot = slotOf(drive)
    if (slot === undefined) continue
    drive.plug({
      setMedium: (medium, tray) => board.setMedium(slot, medium, tray),
      resized: (byteLength) => board.resizeMedium(slot, byteLength),
      requestEject: () => board.requestEject(slot),
    })
  }
}

/** The drive in a slot of the board. */
export function driveAt(drives: DriveSet, slot: DriveSlot): Drive | undefined {
  return [...drives].find((drive) => {
    const own = slotOf(drive)
    if (own?.bus !== slot.bus || own.unit !== slot.unit) return false
    return own.bus === 'floppy' || slot.bus === 'floppy' || own.channel === slot.channel
  })
}

/** The board as run control sees it: a reset resets the drives, too. */
export function withDrives(board: Board, drives: DriveSet): RunnableBoard {
  return {
    resume: async () => {
      drives.checkKeys()
      await board.resume()
    },
    pause: () => board.pause(),
    reset: async () => {
      drives.forgetFailed()
      await board.reset()
      await drives.reset()
    },
    pressPowerButton: () => board.pressPowerButton(),
    wake: () => board.wake(),
    injectNmi: () => board.injectNmi(),
  }
}
