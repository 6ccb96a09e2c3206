import { type EmitOf, QmpError } from '../../qapi/index.ts'
import { clearInterval, setInterval } from '../../timers/index.ts'
import type { deviceEvents } from '../events.ts'

const pageBytes = 4096

/** The statistics by virtio's tags, in the order of their tags. */
const names = [
  'stat-swap-in',
  'stat-swap-out',
  'stat-major-faults',
  'stat-minor-faults',
  'stat-free-memory',
  'stat-total-memory',
  'stat-available-memory',
  'stat-disk-caches',
  'stat-htlb-pgalloc',
  'stat-htlb-pgfail',
] as const

/** What is not known. */
const unknown = 2n ** 64n - 1n

/** The device, as the balloon asks it. */
export interface BalloonDevice {
  /** The guest is to give so many pages, of those that it has at first. */
  setTarget(pages: number): void
  /** Statistics are wanted. */
  ask(): void
}

/** What a guest says of its memory. */
export interface GuestStatistics {
  /** Seconds since the epoch; 0 for never. */
  readonly 'last-update': number
  readonly stats: Readonly<Record<string, bigint>>
}

/** The balloon of a machine, of which there is one at most. */
export class Balloon {
  readonly #ramBytes: number
  readonly #emit: EmitOf<typeof deviceEvents>
  #device: BalloonDevice | undefined
  #target = 0
  #actual = 0
  #statistics: Readonly<Record<number, bigint>> = {}
  #updated = 0
  #interval = 0
  #timer: NodeJS.Timeout | undefined

  constructor(ramBytes: number, emit: EmitOf<typeof deviceEvents>) {
    this.#ramBytes = ramBytes
    this.#emit = emit
  }

  /** The balloon is there. */
  join(device: BalloonDevice): void {
    this.#device = device
    this.#target = 0
    this.#actual = 0
  }

  leave(): void {
    this.#device = undefined
    this.pollEvery(0)
  }

  /** How many pages the guest is to give. */
  get target(): number {
    return this.#target
  }

  /** Bytes that the guest has. @throws {QmpError} DeviceNotActive, if there is no balloon */
  get actual(): number {
    this.#require()
    return this.#ramBytes - this.#actual * pageBytes
  }

  /** Asks the guest to have so many bytes. @throws {QmpError} DeviceNotActive, if there is no balloon */
  request(bytes: number | bigint): void {
    const device = this.#require()
    if (bytes <= 0) throw new QmpError('GenericError', "Parameter 'target' expects a size")
    const wanted = Math.min(Number(bytes), this.#ramBytes)
    const pages = Math.floor((this.#ramBytes - wanted) / pageBytes)
    this.#target = pages
    device.setTarget(pages)
  }

  /** The guest has given so many pages. */
  changed(pages: number): void {
    if (pages === this.#actual) return
    this.#actual = pages
    this.#emit('BALLOON_CHANGE', { actual: this.#ramBytes - pages * pageBytes })
  }

  /** The guest has said something of its memory. */
  learnt(values: Readonly<Record<number, bigint>>): void {
    this.#statistics = values
    this.#updated = Math.floor(Date.now() / 1000)
  }

  get statistics(): GuestStatistics {
    const stats = Object.fromEntries(names.map((name, tag) => [name, this.#statistics[tag] ?? unknown]))
    return { 'last-update': this.#updated, stats }
  }

  /** How often the guest is asked, in seconds; 0 for never. */
  get interval(): number {
    return this.#interval
  }

  /** @throws {QmpError} in QEMU's words */
  pollEvery(seconds: number): void {
    if (seconds < 0) throw new QmpError('GenericError', 'timer value must be greater than zero')
    if (seconds > 0xffff_ffff) throw new QmpError('GenericError', 'timer value is too big')
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#interval = seconds
    if (seconds === 0) return
    this.#timer = setInterval(() => this.#device?.ask(), Math.min(seconds * 1000, 0x7fff_ffff)).unref()
  }

  /** The machine ends. */
  close(): void {
    clearInterval(this.#timer)
  }

  #require(): BalloonDevice {
    if (this.#device === undefined) throw new QmpError('DeviceNotActive', 'No balloon device has been activated')
    return this.#device
  }
}
