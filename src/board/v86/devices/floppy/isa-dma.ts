import type { DmaMemory } from '../../memory/dma-memory.ts'
import type { V86Dma } from '../../v86-internals.ts'

/** Mode register: addresses fall; the kind of transfer, of which 0 is one without any data. */
const [falling, kind] = [0x20, 0x0c]
const floppyChannel = 2

/** The channel of v86's DMA controller that belongs to the floppy controller. */
export class FloppyDma {
  readonly #dma: V86Dma
  readonly #memory: DmaMemory
  #waiting: (() => void) | undefined

  constructor(dma: V86Dma, memory: DmaMemory) {
    this.#dma = dma
    this.#memory = memory
    dma.on_unmask((channel) => {
      if (channel === floppyChannel) this.#begin()
    }, this)
  }

  /** How many bytes the guest has programmed the channel for. */
  get length(): number {
    return this.#dma.channel_count_init[floppyChannel]! + 1
  }

  /** Asks for the channel; `granted` is called when the guest lets it work, which may be at once. */
  request(granted: () => void): void {
    this.#waiting = granted
    if (this.#dma.channel_mask[floppyChannel] === 0) this.#begin()
  }

  /** Asks for it no more. */
  release(): void {
    this.#waiting = undefined
  }

  /** Whether somebody waits for the channel. */
  get requested(): boolean {
    return this.#waiting !== undefined
  }

  read(position: number, length: number): Uint8Array {
    const bytes = this.#memory.read(this.#address(position, length), length)
    return this.#falls ? bytes.reverse() : bytes
  }

  write(position: number, bytes: Uint8Array): void {
    if (this.#isVerify) return
    const placed = this.#falls ? bytes.slice().reverse() : bytes
    this.#memory.write(this.#address(position, bytes.length), placed)
  }

  /** So many bytes have been moved: the channel's registers show it. */
  moved(length: number): void {
    const { channel_addr: addresses, channel_count: counts } = this.#dma
    addresses[floppyChannel] = addresses[floppyChannel]! + (this.#falls ? -length : length)
    counts[floppyChannel] = counts[floppyChannel]! - length
  }

  #begin(): void {
    const granted = this.#waiting
    this.#waiting = undefined
    granted?.()
  }

  get #falls(): boolean {
    return (this.#dma.channel_mode[floppyChannel]! & falling) !== 0
  }

  get #isVerify(): boolean {
    return (this.#dma.channel_mode[floppyChannel]! & kind) === 0
  }

  #address(position: number, length: number): number {
    const { channel_page: pages, channel_pagehi: highPages, channel_addr: addresses } = this.#dma
    const base =
      (highPages[floppyChannel]! & 0x7f) * 2 ** 24 + pages[floppyChannel]! * 2 ** 16 + addresses[floppyChannel]!
    return this.#falls ? Math.max(0, base - position - length) : base + position
  }
}
