import { BoardError } from '../board-error.ts'
import type { BootPlace, DevicePort, NewDevice, PluggedDevice } from './guest-device.ts'
import type { DeviceShape } from './plugged-devices.ts'

interface Entry {
  device: NewDevice
  readonly port: DevicePort
  /** The guest has been asked to let go of it. */
  leaving: boolean
}

/** The devices that have been plugged into a board, on the side that the guest does not see. */
export class DevicePorts {
  readonly #devices = new Map<string, Entry>()

  /** @returns takes it out again @throws {BoardError} kind `configuration`, if there is one of that name */
  add(device: NewDevice, port: DevicePort): () => void {
    const { key } = device
    if (this.#devices.has(key)) throw new BoardError('configuration', `there is a device '${key}' already`)
    this.#devices.set(key, { device, port, leaving: false })
    return () => this.#devices.delete(key)
  }

  /** @throws {BoardError} kind `configuration`, if there is no device of that name */
  plugged(key: string, tell: (message: unknown, given: readonly ArrayBuffer[]) => void): PluggedDevice {
    const entry = this.#require(key)
    return {
      // Another one may have its name when it has gone.
      send: (message, given = []) => {
        if (this.#devices.get(key) === entry) tell(message, given)
      },
    }
  }

  /** The guest is asked to let go of a device. @throws {BoardError} kind `configuration`, if there is no such device */
  leaves(key: string): void {
    this.#require(key).leaving = true
  }

  /** What the firmware can boot from, of a device; nothing, if it has gone. */
  setBootPlaces(key: string, boot: readonly BootPlace[]): void {
    const entry = this.#devices.get(key)
    if (entry !== undefined) entry.device = { ...entry.device, boot }
  }

  /** A device says something; nobody hears one that has gone. */
  hear(key: string, message: unknown): void {
    this.#devices.get(key)?.port.receive(message)
  }

  /** Devices have gone. */
  gone(keys: readonly string[]): void {
    for (const key of keys) {
      const entry = this.#devices.get(key)
      this.#devices.delete(key)
      entry?.port.closed?.()
    }
  }

  /** What there is, in order, for a board that is built again: whatever was to leave has gone. */
  rebuild(): DeviceShape[] {
    this.gone([...this.#devices].filter(([, { leaving }]) => leaving).map(([key]) => key))
    return [...this.#devices.values()].map(({ device, port }) => shapeOfDevice(device, port))
  }

  #require(key: string): Entry {
    const entry = this.#devices.get(key)
    if (entry === undefined) throw new BoardError('configuration', `there is no device '${key}'`)
    return entry
  }
}

/** A device as it crosses to where the guest is. */
export function shapeOfDevice({ key, model, properties, place, boot }: NewDevice, port: DevicePort): DeviceShape {
  const beginning = port.beginning?.()
  return { key, model, properties, place, boot, ...(beginning !== undefined && { beginning }) }
}
