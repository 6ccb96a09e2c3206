import type { MemoryResponder } from '../../bus/device-bus.ts'
import type { V86Cpu } from '../v86-internals.ts'
import type { AddressRange } from './guest-memory.ts'

/** v86 knows who answers for memory by blocks of this size. */
const blockBits = 17
const blockBytes = 2 ** blockBits
/** Interrupt controllers, which v86 finds by their addresses: nothing hides them. */
const reserved = [0xfec00000, 0xfee00000].map((address) => address >>> blockBits)

/**
 * Windows in the guest's address space above RAM, which the guest moves as it likes. v86 gives whole blocks of 128 KiB
 * away for good; here several windows may share a block, and what was there before is back when they are gone. RAM is
 * never hidden.
 */
export class MemoryWindows {
  readonly #cpu: V86Cpu
  readonly #windows: MemoryWindow[] = []
  /** Of blocks where windows are: who was there before. */
  readonly #covered = new Map<number, Block>()

  constructor(cpu: V86Cpu) {
    this.#cpu = cpu
  }

  /** A window, which is nowhere until it is moved. The one that was added last hides the others. */
  add(size: number, responder: MemoryResponder): MemoryWindow {
    const window = new MemoryWindow(size, responder, {
      refresh: (blocks) => this.#refresh(blocks),
      remove: () => this.#windows.splice(this.#windows.indexOf(window), 1),
    })
    this.#windows.push(window)
    return window
  }

  /** Where windows are now. */
  ranges(): readonly AddressRange[] {
    return this.#windows.flatMap((window) => window.range ?? [])
  }

  #refresh(blocks: Iterable<number>): void {
    for (const block of blocks) {
      if (reserved.includes(block) || block < this.#cpu.memory_size[0]! / blockBytes) continue
      const inside = this.#windows.filter((window) => window.touches(block)).reverse()
      const below = this.#covered.get(block) ?? this.#blockNow(block)
      if (inside.length === 0) {
        this.#setBlock(block, below)
        this.#covered.delete(block)
      } else {
        this.#covered.set(block, below)
        this.#setBlock(block, layered(inside, below))
      }
    }
  }

  #blockNow(block: number): Block {
    const { memory_map_read8, memory_map_write8, memory_map_read32, memory_map_write32 } = this.#cpu
    return {
      read8: memory_map_read8[block]!,
      write8: memory_map_write8[block]!,
      read32: memory_map_read32[block]!,
      write32: memory_map_write32[block]!,
    }
  }

  #setBlock(block: number, { read8, write8, read32, write32 }: Block): void {
    this.#cpu.memory_map_read8[block] = read8
    this.#cpu.memory_map_write8[block] = write8
    this.#cpu.memory_map_read32[block] = read32
    this.#cpu.memory_map_write32[block] = write32
  }
}

interface AllWindows {
  refresh(blocks: Iterable<number>): void
  remove(): void
}

export class MemoryWindow {
  readonly size: number
  readonly responder: MemoryResponder
  readonly #all: AllWindows
  #base: number | undefined

  constructor(size: number, responder: MemoryResponder, all: AllWindows) {
    this.size = size
    this.responder = responder
    this.#all = all
  }

  /** Puts it somewhere else, or nowhere. */
  move(base: number | undefined): void {
    if (base === this.#base) return
    const before = this.#blocks()
    this.#base = base
    this.#all.refresh(new Set([...before, ...this.#blocks()]))
  }

  /** Takes it away for good. Call it once. */
  close(): void {
    this.move(undefined)
    this.#all.remove()
  }

  get range(): AddressRange | undefined {
    return this.#base === undefined ? undefined : { start: this.#base, end: this.#base + this.size }
  }

  touches(block: number): boolean {
    const base = this.#base
    return base !== undefined && base < (block + 1) * blockBytes && base + this.size > block * blockBytes
  }

  /** How far from its begin an address is; undefined if `length` bytes from there are not all inside. */
  offsetOf(address: number, length: number): number | undefined {
    if (this.#base === undefined) return undefined
    const offset = address - this.#base
    return offset >= 0 && offset + length <= this.size ? offset : undefined
  }

  #blocks(): number[] {
    const base = this.#base
    if (base === undefined) return []
    const [first, last] = [Math.floor(base / blockBytes), Math.floor((base + this.size - 1) / blockBytes)]
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  }
}

/** Who answers in a block, by physical address; v86 gives addresses as signed numbers. */
interface Block {
  read8(address: number): number
  write8(address: number, value: number): void
  read32(address: number): number
  write32(address: number, value: number): void
}

function layered(windows: readonly MemoryWindow[], below: Block): Block {
  const only = windows.length === 1 ? windows[0] : undefined
  const at = (address: number, length: number): MemoryWindow | undefined => {
    if (only !== undefined) return only.offsetOf(address, length) === undefined ? undefined : only
    return windows.find((window) => window.offsetOf(address, length) !== undefined)
  }
  const read8 = (address: number): number => {
    const window = at(address >>> 0, 1)
    return window?.responder.read8(window.offsetOf(address >>> 0, 1)!) ?? below.read8(address)
  }
  const write8 = (address: number, value: number): void => {
    const window = at(address >>> 0, 1)
    if (window === undefined) below.write8(address, value)
    else window.responder.write8(window.offsetOf(address >>> 0, 1)!, value)
  }
  return {
    read8,
    write8,
    read32: (address) => {
      const window = at(address >>> 0, 4)
      return window?.responder.read32(window.offsetOf(address >>> 0, 4)!) ?? below.read32(address)
    },
    write32: (address, value) => {
      const window = at(address >>> 0, 4)
      if (window === undefined) below.write32(address, value)
      else window.responder.write32(window.offsetOf(address >>> 0, 4)!, value)
    },
  }
}
