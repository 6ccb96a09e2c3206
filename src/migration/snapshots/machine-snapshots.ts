import { reasonText } from '../../errno/index.ts'
import { QmpError } from '../../qapi/index.ts'
import { readMachine } from '../incoming.ts'
import type { MigrationControl } from '../migration-control.ts'
import { MigrationError } from '../migration-error.ts'
import { SectionReader } from '../stream/framing.ts'
import type { SnapshotBoard } from '../surroundings.ts'
import { readerOf, type StateStore, StateWriter } from './state-channel.ts'

/** Where a state is in an image. */
export interface KeptState extends StateStore {
  clear(): Promise<void>
}

/** What snapshots ask of the images that take part. */
export interface SnapshotImages {
  /** Whether each has a snapshot of that name. */
  has(name: string): boolean
  /** The one that holds the machine's state: of that node, or the first. */
  stateImage(nodeName: string | undefined): {
    readonly state: KeptState
    sizeOf(name: string): number | undefined
  }
  create(
    snapshot: {
      readonly name: string
      readonly date: { readonly seconds: number; readonly nanoseconds: number }
      readonly vmClockNanoseconds: bigint
      readonly vmStateSize: number
    },
    nodeName: string | undefined,
  ): Promise<void>
  revert(name: string): Promise<void>
  delete(name: string): Promise<void>
}

/** What snapshots ask of the machine. */
export interface SnapshotSurroundings {
  readonly board: SnapshotBoard
  readonly guest: {
    readonly state: string
    standingStill<T>(work: () => Promise<T>): Promise<T>
    restoring<T>(work: (reset: () => Promise<void>) => Promise<T>): Promise<T>
  }
  readonly disks: {
    /** Has images to itself: those of the nodes that are named, or all that are written. @throws if one has no snapshots */
    exclusively<T>(devices: readonly string[] | undefined, work: (images: SnapshotImages) => Promise<T>): Promise<T>
    /** Whether requests have failed and are to be made again when the guest goes on. */
    readonly waitForGuest: boolean
    /** Forgets those. */
    forgetFailed(): void
  }
  readonly migrations: MigrationControl
  /** Hears what a user should know. */
  readonly complain: (text: string) => void
}

/** Which images take part, and which of them holds the machine's state, by their nodes. */
export interface SnapshotPlace {
  /** Default: all that are written. */
  readonly devices?: readonly string[] | undefined
  /** Default: the first. */
  readonly stateNode?: string | undefined
}

export interface SnapshotSource extends SnapshotPlace {
  /** Hears why a state is refused, instead of everybody. */
  readonly tell?: (text: string) => void
}

export interface NewMachineSnapshot extends SnapshotPlace {
  /** Default: after the time. */
  readonly name?: string | undefined
  /** In the place of the one that has its name; without it that is refused. */
  readonly overwrite: boolean
}

/** Snapshots of the whole machine inside its images. Errors are in QEMU's words. */
export class MachineSnapshots {
  readonly #surroundings: SnapshotSurroundings

  constructor(surroundings: SnapshotSurroundings) {
    this.#surroundings = surroundings
  }

  /**
   * Keeps the machine as it is; the guest stands still meanwhile. If that fails, nothing is lost: what had the name still
   * has it, unless an image breaks in the middle of its change.
   *
   * @throws {BlockError | MigrationError | QmpError} if something forbids it, an image can have no snapshot, or it cannot
   *   be written
   */
  async save(wanted: NewMachineSnapshot): Promise<void> {
    const { disks, guest, migrations } = this.#surroundings
    migrations.requireUnblocked()
    const check = async (images: SnapshotImages): Promise<void> => checkNew(images, wanted)
    await disks.exclusively(wanted.devices, check)
    const before = guest.state
    await guest.standingStill(() => disks.exclusively(wanted.devices, (images) => this.#save(images, wanted, before)))
  }

  /**
   * Lets the machine go on from where it was; it runs on if it ran, and if that fails it stands still.
   *
   * @throws {BlockError | MigrationError} if there is no such snapshot, or it is not of such a machine; the images show what
   *   they showed then all the same
   */
  load(name: string, { devices, stateNode, tell = this.#surroundings.complain }: SnapshotSource = {}): Promise<void> {
    const { board, disks, guest } = this.#surroundings
    return guest.restoring(async (reset) => {
      const { state, length } = await disks.exclusively(devices, async (images) => {
        if (!images.has(name)) throw new MigrationError('request', missing(name))
        const image = images.stateImage(stateNode)
        const bytes = image.sizeOf(name) ?? 0
        if (bytes === 0) {
          const text = 'This is a disk-only snapshot. Revert to it  offline using qemu-img'
          throw new MigrationError('request', text)
        }
        disks.forgetFailed()
        await board.idle()
        await images.revert(name)
        return { state: image.state, length: bytes }
      })
      await reset()
      await this.#read(state, length, tell)
    })
  }

  /** Deletes the snapshots of a name, where there are some. @throws {BlockError} */
  delete(name: string, devices?: readonly string[]): Promise<void> {
    return this.#surroundings.disks.exclusively(devices, (images) => images.delete(name))
  }

  async #save(images: SnapshotImages, wanted: NewMachineSnapshot, runState: string): Promise<void> {
    const { board, disks, migrations } = this.#surroundings
    checkNew(images, wanted) // others may have come first
    if (disks.waitForGuest)
      throw new MigrationError('request', 'a request to a drive has failed, and is to be tried again first')
    const { state } = images.stateImage(wanted.stateNode)
    const now = new Date()
    const name = wanted.name ?? nameOf(now)
    try {
      await state.clear()
      const writer = new StateWriter(state)
      await this.#writing(async () => {
        await migrations.write(writer, runState)
        await writer.finish()
      })
      const milliseconds = now.getTime()
      const date = { seconds: Math.floor(milliseconds / 1000), nanoseconds: (milliseconds % 1000) * 1_000_000 }
      const vmClockNanoseconds = BigInt(Math.round((await board.guestTime()) * 1_000_000))
      await images.create({ name, date, vmClockNanoseconds, vmStateSize: writer.length }, wanted.stateNode)
    } catch (error) {
      await state.clear().catch(() => undefined) // what went wrong first counts
      throw error
    }
  }

  /** @throws {MigrationError} `channel`, if the state cannot be written: always in the same words, as of QEMU */
  async #writing(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (cause) {
      if (cause instanceof QmpError) throw cause
      this.#surroundings.complain(`The state of the machine cannot be written: ${reasonText(cause)}`)
      throw new MigrationError('channel', 'Error while writing VM state: Input/output error', cause)
    }
  }

  async #read(state: KeptState, length: number, tell: (text: string) => void): Promise<void> {
    const { board } = this.#surroundings
    try {
      await readMachine(new SectionReader(readerOf(state, length)), { board })
    } catch (error) {
      tell(reasonText(error))
      throw new MigrationError('stream', 'Error -22 while loading VM state', error)
    }
    await state.clear()
  }
}

function checkNew(images: SnapshotImages, { name, overwrite, stateNode }: NewMachineSnapshot): void {
  if (!overwrite && name !== undefined && images.has(name))
    throw new MigrationError('request', `Snapshot '${name}' already exists in one or more devices`)
  images.stateImage(stateNode)
}

function missing(name: string): string {
  return `Snapshot '${name}' does not exist in one or more devices`
}

/** What a snapshot is called that nobody has named. */
function nameOf(date: Date): string {
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes()]
  return `vm-${[...parts, date.getSeconds()].map((part) => String(part).padStart(2, '0')).join('')}`
}
