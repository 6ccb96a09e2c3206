import { FileChannel } from './channels/file-channel.ts'
import { MigrationError } from './migration-error.ts'
import { SectionReader, SectionWriter } from './stream/framing.ts'
import { checkDescription, packDescription } from './stream/machine-section.ts'
import type { MigratedBoard } from './surroundings.ts'

/** What a state of the devices asks of run control. */
export interface HaltedGuest {
  readonly running: boolean
  /** Does something while the guest stands still; it goes on afterwards, if it ran. */
  standingStill<T>(work: (ran: boolean) => Promise<T>): Promise<T>
}

type StatefulBoard = Pick<MigratedBoard, 'kind' | 'ramBytes' | 'saveDevices' | 'restoreDevices'>

/** CPU and devices in a file, without RAM and disks: a stream that has only these sections. */
export class DeviceState {
  readonly #board: StatefulBoard
  readonly #guest: HaltedGuest

  constructor(board: StatefulBoard, guest: HaltedGuest) {
    this.#board = board
    this.#guest = guest
  }

  /** Saves to a file, which is replaced; the guest stands still meanwhile. @throws {MigrationError} `channel`, if it cannot be written */
  save(path: string): Promise<void> {
    const { kind, ramBytes } = this.#board
    return this.#guest.standingStill(async () => {
      const channel = await FileChannel.open(path, 'out')
      try {
        const writer = new SectionWriter(channel.write)
        await writer.begin()
        const description = packDescription({ board: kind, ramBytes, answers: false })
        await writer.section({ name: 'machine', version: 1, contents: description })
        await writer.section({ name: 'devices', version: 1, contents: await this.#board.saveDevices() })
        await writer.end()
      } finally {
        await channel.finish()
      }
    })
  }

  /**
   * Takes the state of CPU and devices from a file; RAM stays as it is.
   *
   * @throws {MigrationError} if the guest runs, or the file is no such state of such a machine
   * @throws {BoardError} kind `state`, if the devices refuse it
   */
  async load(path: string): Promise<void> {
    if (this.#guest.running) throw mustNotRun()
    await this.#guest.standingStill(async (ran) => {
      if (ran) throw mustNotRun() // since it was asked
      await this.#load(path)
    })
  }

  async #load(path: string): Promise<void> {
    const { kind, ramBytes } = this.#board
    const channel = await FileChannel.open(path, 'in')
    try {
      const reader = new SectionReader(channel.read)
      await reader.begin()
      const machine = await reader.next()
      if (machine?.name !== 'machine') throw new MigrationError('stream', 'the file is not a state of devices')
      checkDescription(machine.contents, { board: kind, ramBytes })
      const devices = await reader.next()
      if (devices?.name !== 'devices' || (await reader.next()) !== undefined)
        throw new MigrationError('stream', 'the file is not a state of devices')
      await this.#board.restoreDevices(devices.contents)
    } finally {
      await channel.finish()
    }
  }
}

function mustNotRun(): MigrationError {
  return new MigrationError('request', 'Cannot update device state while vm is running')
}
