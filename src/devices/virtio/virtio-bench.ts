import type { DeviceProperties, GuestSide } from '../../board/index.ts'
import { DeviceBench } from '../device-bench.ts'
import type { DeviceModel } from '../model.ts'
import { defaultValue, type PropertyValue } from '../properties.ts'

/** A part of a buffer: bytes for the device, or room for what it writes. */
export type Part = Uint8Array | number

const memoryBase = 0xfe000000
const ringBase = 0x10000
const ringStep = 0x4000
const dataBase = 0x80000
const at = { common: 0, interrupts: 0x1000, config: 0x2000, notify: 0x3000 } as const
const ready = 0x0f

/** What all have that nothing was said of. */
export function defaultsOf({ properties }: DeviceModel): DeviceProperties {
  const all: Record<string, PropertyValue> = {}
  for (const [name, type] of Object.entries(properties)) {
    const value = defaultValue(type)
    if (value !== undefined) all[name] = value
  }
  return all
}

interface BenchOptions {
  readonly properties?: DeviceProperties
  readonly beginning?: unknown
  /** What the driver wants of what it is offered; all unless said otherwise. */
  readonly wanted?: bigint
}

/** A virtio device on a bus of its own, whose driver is the test: of virtio 1.0, in memory. */
export class VirtioBench extends DeviceBench {
  readonly size: number
  readonly #next = new Map<number, number>()
  readonly #seen = new Map<number, number>()
  readonly #wanted: bigint | undefined
  #data = dataBase
  #ringBase = ringBase

  constructor(guest: GuestSide, model: DeviceModel, { properties, beginning, wanted }: BenchOptions = {}) {
    super(guest, { ...defaultsOf(model), ...properties }, { bus: 'PCI', slot: 4, function: 0 }, beginning)
    this.place()
    this.size = Math.min(16, this.common(0x18, 1) || 256)
    this.#wanted = wanted
    this.restart()
  }

  /** Gives the function its place in memory, whatever its configuration space says, and lets it be bus master. */
  place(): void {
    this.bus.configure(0, 0x04, 2, 0)
    this.bus.configure(0, 0x20, 4, memoryBase)
    this.bus.configure(0, 0x24, 4, 0)
    this.bus.configure(0, 0x04, 2, 0x07)
  }

  /** The driver begins, or begins again behind a reset: its rings are empty. @param ringBase - where they lie */
  restart(base = ringBase): void {
    this.#ringBase = base
    this.#set(0x14, 1, 1)
    this.#set(0x14, 1, 3)
    for (const word of [0, 1]) {
      this.#set(0x00, 4, word)
      this.#set(0x08, 4, word)
      const offered = BigInt(this.common(0x04, 4))
      const wanted = this.#wanted
      const asked = wanted === undefined ? offered : offered & ((wanted >> BigInt(32 * word)) & 0xffffffffn)
      this.#set(0x0c, 4, Number(asked))
    }
    this.#set(0x14, 1, 0x0b)
    const queues = this.common(0x12, 1)
    for (let queue = 0; queue < queues; queue++) this.#makeQueue(queue)
    this.#set(0x14, 1, ready)
  }

  get status(): number {
    return this.common(0x14, 1)
  }

  set status(value: number) {
    this.#set(0x14, 1, value)
  }

  common(offset: number, size: 1 | 4): number {
    return this.bus.readMemory(memoryBase + at.common + offset, size)
  }

  setCommon(offset: number, size: 1 | 4, value: number): void {
    this.#set(offset, size, value)
  }

  config(offset: number, size: 1 | 4 = 1): number {
    return this.bus.readMemory(memoryBase + at.config + offset, size)
  }

  setConfig(offset: number, value: number): void {
    this.bus.writeMemory(memoryBase + at.config + offset, 1, value)
  }

  /** Why it interrupts; asking ends that. */
  takeInterrupts(): number {
    return this.bus.readMemory(memoryBase + at.interrupts, 1)
  }

  notify(queue: number): void {
    this.bus.writeMemory(memoryBase + at.notify + 4 * queue, 1, queue)
  }

  ringAddress(queue: number): number {
    return this.#ringBase + ringStep * queue
  }

  /** Makes a buffer available. @returns where its parts are */
  offer(queue: number, ...parts: readonly Part[]): readonly number[] {
    const next = this.#next.get(queue) ?? 0
    const first = (next * 4) % this.size
    const addresses = parts.map((part, index) => {
      const length = typeof part === 'number' ? part : part.length
      const address = this.#data
      this.#data += Math.ceil(length / 16) * 16
      if (this.#data > 0xf0000) this.#data = dataBase
      if (typeof part !== 'number') this.bus.ram.write(address, part)
      const more = index + 1 < parts.length
      const flags = (typeof part === 'number' ? 2 : 0) | (more ? 1 : 0)
      this.writeDescriptor(queue, first + index, { address, length, flags, next: first + index + 1 })
      return address
    })
    this.makeAvailable(queue, first)
    this.#next.set(queue, next + 1)
    return addresses
  }

  writeDescriptor(
    queue: number,
    index: number,
    { address, length, flags, next }: { address: number; length: number; flags: number; next: number },
  ): void {
    const bytes = new Uint8Array(16)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, address >>> 0, true)
    view.setUint32(4, Math.floor(address / 2 ** 32), true)
    view.setUint32(8, length, true)
    view.setUint16(12, flags, true)
    view.setUint16(14, next, true)
    this.bus.ram.write(this.ringAddress(queue) + 16 * index, bytes)
  }

  makeAvailable(queue: number, head: number): void {
    const available = this.ringAddress(queue) + 0x1000
    const index = this.#word(available + 2)
    this.#setWord(available + 4 + 2 * (index % this.size), head)
    this.#setWord(available + 2, index + 1)
  }

  /** How many it has said are available, since it began. */
  availableIndex(queue: number): number {
    return this.#word(this.ringAddress(queue) + 0x1002)
  }

  /** Says how many are available. */
  setAvailableIndex(queue: number, index: number): void {
    this.#setWord(this.ringAddress(queue) + 0x1002, index)
  }

  /** How many bytes have been written into each buffer that has come back since this was last asked. */
  used(queue: number): number[] {
    const used = this.ringAddress(queue) + 0x2000
    const index = this.#word(used + 2)
    const lengths: number[] = []
    let seen = this.#seen.get(queue) ?? 0
    for (; seen !== index; seen = (seen + 1) & 0xffff) {
      const element = this.bus.ram.read(used + 4 + 8 * (seen % this.size) + 4, 4)
      lengths.push(new DataView(element.buffer).getUint32(0, true))
    }
    this.#seen.set(queue, seen)
    return lengths
  }

  memory(address: number, length: number): Uint8Array {
    return this.bus.ram.read(address, length)
  }

  #makeQueue(queue: number): void {
    this.#set(0x16, 1, queue & 0xff)
    this.#set(0x17, 1, queue >> 8)
    this.#set(0x18, 1, this.size)
    this.#set(0x19, 1, 0)
    const ring = this.ringAddress(queue)
    for (const part of [0x1000, 0x2000]) this.#setWord(ring + part + 2, 0)
    this.#next.delete(queue)
    this.#seen.delete(queue)
    for (const [index, address] of [ring, ring + 0x1000, ring + 0x2000].entries()) {
      this.#set(0x20 + 8 * index, 4, address)
      this.#set(0x24 + 8 * index, 4, 0)
    }
    this.#set(0x1c, 1, 1)
  }

  #set(offset: number, size: 1 | 4, value: number): void {
    this.bus.writeMemory(memoryBase + at.common + offset, size, value)
  }

  #word(address: number): number {
    const bytes = this.bus.ram.read(address, 2)
    return bytes[0]! | (bytes[1]! << 8)
  }

  #setWord(address: number, value: number): void {
    this.bus.ram.write(address, Uint8Array.of(value & 0xff, (value >> 8) & 0xff))
  }
}
