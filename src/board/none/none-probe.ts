import type { PlainBus } from '../bus/plain-bus.ts'
import type { Probe } from '../probe.ts'

interface Parts {
  readonly bus: PlainBus
  readonly ramBytes: number
  readPhysical(address: number, length: number): Promise<Uint8Array>
  writePhysical(address: number, bytes: Uint8Array): Promise<void>
  /** Something has been done to a device. */
  settle(): void
}

const busEnd = 2n ** 32n

/** The probe of a board that never executes: there are RAM and plugged devices; no interrupt goes anywhere. */
export class NoneProbe implements Probe {
  readonly time = undefined
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async read(address: bigint, length: number): Promise<Uint8Array> {
    if (address >= busEnd) return new Uint8Array(length)
    const { bus, ramBytes } = this.#parts
    const start = Number(address)
    const bytes = await this.#parts.readPhysical(start, length)
    for (let at = Math.max(0, ramBytes - start); at < length; at++)
      bytes[at] = bytes[at]! | bus.readMemory(start + at, 1)
    this.#parts.settle()
    return bytes
  }

  async write(address: bigint, bytes: Uint8Array): Promise<void> {
    if (address >= busEnd) return
    const { bus, ramBytes } = this.#parts
    const start = Number(address)
    const inRam = Math.max(0, Math.min(bytes.length, ramBytes - start))
    if (inRam > 0) await this.#parts.writePhysical(start, bytes.subarray(0, inRam))
    for (let at = inRam; at < bytes.length; at++) bus.writeMemory(start + at, 1, bytes[at]!)
    this.#parts.settle()
  }

  watchInterrupts(): Promise<void> {
    return Promise.resolve()
  }

  setInterrupt(): Promise<void> {
    return Promise.resolve()
  }
}
