import { GlibTable } from '../hash/index.ts'
import type { Chardev } from './chardev.ts'
import { ChardevError } from './chardev-error.ts'
import { openChardev } from './open-chardev.ts'
import type { ChardevOptions } from './options.ts'

/** What query-chardev tells about a device. */
export interface ChardevInfo {
  readonly label: string
  readonly filename: string
  readonly frontendOpen: boolean
}

/** The character devices of a machine, by their labels. */
export class ChardevSet implements AsyncDisposable {
  readonly #devices = new Map<string, Chardev>()
  /** Labels that are taken by devices that are being opened. */
  readonly #opening = new Set<string>()
  /** QEMU keeps its devices in such a table, whose order query-chardev shows. */
  readonly #order = new GlibTable()

  /**
   * Makes a device and keeps it under its label.
   *
   * @throws {ChardevError} `duplicate`, if the label is taken; `option`, if there is a stdio device already
   * @throws {Error} as `openChardev` does
   */
  async open(options: ChardevOptions, signal?: AbortSignal): Promise<Chardev> {
    const { label, backend } = options
    if (this.#devices.has(label) || this.#opening.has(label))
      throw new ChardevError('duplicate', `Duplicate ID '${label}' for chardev`)
    if (backend.type === 'stdio' && this.list().some(({ filename }) => filename === 'stdio'))
      throw new ChardevError('option', 'cannot use stdio by multiple character devices')
    this.#opening.add(label)
    try {
      const device = await openChardev(options, signal)
      this.#devices.set(label, device)
      this.#order.add(label)
      return device
    } finally {
      this.#opening.delete(label)
    }
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
