import type { Drive, DriveSet } from '../block/index.ts'
import type { Board, DriveSlot } from '../board/index.ts'
import type { ExtraDevices, GuestDiscDrive, GuestDrive } from '../devices/index.ts'
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

/**
 * A drive as the device sees it that has it and is plugged into the board.
 *
 * @param path - how drives know the device
 * @throws {Error} if it has none
 */
export function guestDrive(drives: DriveSet, path: string | undefined): GuestDrive {
  const drive = [...drives].find(({ device }) => device !== undefined && device.path === path)
  const medium = drive?.medium
  if (drive === undefined || medium === undefined) throw new Error(`no drive has the device ${path}`)
  const hearers: ((byteLength: number) => void)[] = []
  drive.plug({
    setMedium: () => Promise.resolve(),
    resized: async (byteLength) => {
      for (const hear of hearers) hear(byteLength)
    },
    requestEject: () => Promise.resolve(),
  })
  return {
    name: drive.id,
    get byteLength() {
      return medium.byteLength
    },
    get readOnly() {
      return medium.readOnly
    },
    get writeback() {
      return drive.writeback
    },
    setWriteback: (writeback) => drive.setWriteback(writeback),
    read: (offset, length) => medium.read(offset, length),
    write: (offset, bytes) => medium.write(offset, bytes),
    flush: () => medium.flush(),
    discard: (offset, length) => medium.discard(offset, length),
    writeZeroes: (offset, length, options) => medium.writeZeroes(offset, length, options),
    invalid: (operation) => drive.statistics.invalid(operation),
    resized: (hear) => void hearers.push(hear),
  }
}

/**
 * A drive with a tray as the device sees it that has it and is plugged into the board.
 *
 * @param path - how drives know the device
 * @throws {Error} if it has none
 */
export function discDrive(drives: DriveSet, path: string | undefined): GuestDiscDrive {
  const drive = [...drives].find(({ device }) => device !== undefined && device.path === path)
  if (drive === undefined) throw new Error(`no drive has the device ${path}`)
  let changed: (present: boolean) => void = () => undefined
  let ejectRequested = (): void => undefined
  drive.plug({
    setMedium: async (medium, { expected }) => {
      if (!expected) changed(medium !== undefined)
    },
    resized: async () => changed(true),
    requestEject: async () => ejectRequested(),
  })
  return {
    name: drive.id,
    get disc() {
      return drive.trayOpen ? undefined : drive.medium
    },
    get trayOpen() {
      return drive.trayOpen
    },
    get locked() {
      return drive.locked
    },
    move: (move) => drive.guestTray(move),
    changed: (hear) => {
      changed = hear
    },
    ejectRequested: (hear) => {
      ejectRequested = hear
    },
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

/** The board as run control sees it: a reset resets the drives, too, and takes out what was to leave. */
export function withDevices(board: Board, drives: DriveSet, devices: ExtraDevices): RunnableBoard {
  return {
    resume: async () => {
      drives.checkKeys()
      await drives.graph.claim({ written: false }) // after a migration they are others'
      await board.resume()
    },
    pause: () => board.pause(),
    reset: async () => {
      drives.forgetFailed()
      await devices.during(() => board.reset())
      await drives.reset()
    },
    pressPowerButton: () => board.pressPowerButton(),
    wake: () => board.wake(),
    injectNmi: () => board.injectNmi(),
  }
}
