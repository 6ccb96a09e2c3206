import { untilAborted } from '../async/index.ts'
import type { FileSource } from '../descriptors/index.ts'
import { GlibTable } from '../hash/index.ts'
import type { Chardev } from './chardev.ts'
import { ChardevError } from './chardev-error.ts'
import type { SecuringObjects } from './enter.ts'
import { type MuxActions, MuxChardev } from './mux-chardev.ts'
import { openChardev } from './open-chardev.ts'
import type { ChardevOptions } from './options.ts'
import { RingChardev } from './ring-chardev.ts'
import type { RingStore } from './ring-store.ts'
import { SocketChardev } from './socket-chardev.ts'

/** What query-chardev tells about a device. */
export interface ChardevInfo {
  readonly label: string
  readonly filename: string
  readonly frontendOpen: boolean
}

/** Hears of devices that come and go. */
export interface ChardevWatch {
  /** @param kind - what it is: `socket`, `mux`, … */
  added(device: Chardev, kind: string): void
  /** Another one has come in the place of the one with its label. */
  replaced(device: Chardev, kind: string): void
  removed(label: string): void
}

/** What devices ask of the machine. */
export interface ChardevActions extends MuxActions {
  /** Hears of what has failed, and is tried again. */
  readonly complain?: ((text: string) => void) | undefined
  /** Finds what streams are secured with. */
  readonly securing?: SecuringObjects | undefined
}

/** The character devices of a machine, by their labels. */
export class ChardevSet implements AsyncDisposable {
  readonly #actions: ChardevActions
  readonly #files: FileSource | undefined
  readonly #watch: ChardevWatch | undefined
  readonly #devices = new Map<string, Chardev>()
  /** Labels that are taken by devices that are being opened. */
  readonly #opening = new Set<string>()
  /** QEMU keeps its devices in such a table, whose order query-chardev shows. */
  readonly #order = new GlibTable()

  /**
   * @param actions - what the keys of shared devices do
   * @param files - opens files whose names stand for descriptors that were passed
   * @param watch - hears of devices that come and go
   */
  constructor(
    actions: ChardevActions = { exit: () => undefined, save: () => undefined },
    files?: FileSource,
    watch?: ChardevWatch,
  ) {
    this.#actions = actions
    this.#watch = watch
    this.#files = files
  }

  /**
   * Makes a device and keeps it under its label. One that is to be shared is two: itself, as `LABEL-base`, and what its
   * front ends attach to.
   *
   * @throws {ChardevError} `duplicate`, if the label is taken; `option`, if there is a stdio device already
   * @throws {Error} as `openChardev` does
   */
  async open(options: ChardevOptions, signal?: AbortSignal): Promise<Chardev> {
    if (options.mux !== true) return this.#open(options, signal)
    const { label, mux: _, ...below } = options
    const base = await this.#open({ ...below, label: `${label}-base` }, signal)
    return this.#keep(new MuxChardev(label, base, this.#actions), 'mux')
  }

  /** Whether a label is taken, if only by a device that is being opened. */
  has(label: string): boolean {
    return this.#devices.has(label) || this.#opening.has(label)
  }

  /**
   * Makes a device while the machine runs. One that waits for its first client is there when that has come.
   *
   * @throws {Error} as `open()` does, and the reason of `signal`
   */
  async add(options: ChardevOptions, signal: AbortSignal): Promise<Chardev> {
    const device = await this.open(options, signal)
    try {
      if (device.awaited !== undefined) await untilAborted(device.awaited, signal)
    } catch (error) {
      await this.#drop(device)
      throw error
    }
    if (device instanceof MuxChardev) device.open()
    return device
  }

  /** @throws {ChardevError} `not-found`, if there is no such device; `in-use`, if somebody uses it */
  async remove(label: string): Promise<void> {
    const device = this.#known(label)
    // A shared device is in use for good: who shares it cannot be told to go.
    if (!this.isFree(label)) throw new ChardevError('in-use', `Chardev '${label}' is busy`)
    await this.#drop(device)
  }

  /**
   * Puts another device in the place of one, whose front end goes on with it; if the new one cannot be, the old one stays.
   * A device that is free is to be removed, and the new one added.
   *
   * @param options - asked when the change may be
   * @throws {ChardevError} `not-found`; `in-use`, if the front end, or the device, does not take part in that
   * @throws {Error} as `add()` does
   */
  async change(label: string, options: () => ChardevOptions, signal: AbortSignal): Promise<Chardev> {
    const device = this.#devices.get(label)
    if (device === undefined) throw new ChardevError('not-found', `Chardev '${label}' does not exist`)
    if (device instanceof MuxChardev) throw new ChardevError('in-use', 'Mux device hotswap not supported yet')
    const { frontend } = device
    if (frontend?.swaps !== true) throw new ChardevError('in-use', 'Chardev user does not support chardev hotswap')
    const wanted = options()
    const fresh = await this.#make({ ...wanted, label }, signal)
    if (fresh.awaited !== undefined) await untilAborted(fresh.awaited, signal)
    device.destroy()
    this.#devices.set(label, fresh)
    this.#watch?.replaced(fresh, wanted.backend.type)
    fresh.attach(frontend)
    if (fresh instanceof MuxChardev) fresh.open()
    return fresh
  }

  /** Whether there is a device of that label, and nobody uses it. */
  isFree(label: string): boolean {
    const device = this.#devices.get(label)
    return device !== undefined && !(device instanceof MuxChardev) && device.frontend === undefined
  }

  /** @throws {ChardevError} `not-found`; `in-use`, if somebody else uses it, who does not share it */
  checkUsable(label: string): void {
    const device = this.find(label)
    if (device.frontend !== undefined && !(device instanceof MuxChardev))
      throw new ChardevError('in-use', `Device '${label}' is in use`)
  }

  /** Tells the front end of a device of a break. @throws {ChardevError} `not-found` */
  sendBreak(label: string): void {
    this.#known(label).frontend?.broken?.()
  }

  /**
   * The bytes that a ring device keeps.
   *
   * @throws {ChardevError} `not-found`, if there is no such device; `option`, if it keeps none
   */
  ring(label: string): RingStore {
    const device = this.#devices.get(label)
    if (device === undefined) throw new ChardevError('not-found', `Device '${label}' not found`)
    if (device instanceof RingChardev) return device.store
    throw new ChardevError('option', `${label} is not a ringbuf device`)
  }

  /**
   * Gives a socket device a connected socket, which is the device's then; else it is the caller's.
   *
   * @returns false if that device takes none, undefined if there is no such device
   */
  addClient(label: string, fd: number): boolean | undefined {
    const device = this.#devices.get(label)
    return device === undefined ? undefined : device instanceof SocketChardev && device.addClient(fd)
  }

  async #open(options: ChardevOptions, signal?: AbortSignal): Promise<Chardev> {
    const { label } = options
    if (this.has(label)) throw new ChardevError('duplicate', `Duplicate ID '${label}' for chardev`)
    this.#opening.add(label)
    try {
      return this.#keep(await this.#make(options, signal), options.backend.type)
    } finally {
      this.#opening.delete(label)
    }
  }

  #make(options: ChardevOptions, signal?: AbortSignal): Promise<Chardev> {
    if (options.backend.type === 'stdio' && this.list().some(({ filename }) => filename === 'stdio'))
      throw new ChardevError('option', 'cannot use stdio by multiple character devices')
    const base = (name: string) => {
      const below = this.#devices.get(name)
      if (below === undefined) return undefined
      if (below.frontend !== undefined && !(below instanceof MuxChardev))
        throw new ChardevError('in-use', `Device '${name}' is in use`)
      return (shared: string) => new MuxChardev(shared, below, this.#actions)
    }
    const { complain, securing } = this.#actions
    return openChardev(options, { signal, files: this.#files, base, complain, securing })
  }

  #known(label: string): Chardev {
    const device = this.#devices.get(label)
    if (device === undefined) throw new ChardevError('not-found', `Chardev '${label}' not found`)
    return device
  }

  #drop(device: Chardev): Promise<void> {
    this.#devices.delete(device.label)
    this.#order.removeInPassing(device.label)
    this.#watch?.removed(device.label)
    return device.close()
  }

  #keep(device: Chardev, kind: string): Chardev {
    this.#devices.set(device.label, device)
    this.#order.add(device.label)
    this.#watch?.added(device, kind)
    return device
  }

  /** Connects the front ends of shared devices, which do not hear of connections before all are attached. */
  openShared(): void {
    for (const device of this.#devices.values()) if (device instanceof MuxChardev) device.open()
  }

  /** @throws {ChardevError} `not-found`, if no device has that label */
  find(label: string): Chardev {
    const device = this.#devices.get(label)
    if (device === undefined) throw new ChardevError('not-found', `chardev "${label}" not found`)
    return device
  }

  /** All devices in the order of query-chardev. */
  list(): ChardevInfo[] {
    const devices = this.#order.names().map((label) => this.find(label))
    return devices.reverse().map(({ label, filename, frontendOpen }) => ({ label, filename, frontendOpen }))
  }

  /** Closes all devices; what is queued is sent first. */
  async close(): Promise<void> {
    await Promise.all([...this.#devices.values()].map((device) => device.close()))
  }

  /** Closes all devices at once. */
  destroy(): void {
    for (const device of this.#devices.values()) device.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
