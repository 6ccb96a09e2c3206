import { BoardError } from '../../board-error.ts'
import { pageChecksums } from '../../state/page-checksums.ts'
import {
  type ByteRange,
  clearAround,
  pageBytes,
  pagesFit,
  placePages,
  type RamCopy,
  type RamPages,
  takePages,
  usedRanges,
} from '../../state/ram-pages.ts'
import { RamShadow } from '../../state/ram-shadow.ts'
import type { V86Cpu } from '../v86-internals.ts'
import { mapRamFile, mapZeros, ramFileOf } from './ram-file.ts'
import { releasePages } from './released-pages.ts'

/** Video memory and option ROMs: below 1 MiB, but not RAM to v86's bus. */
export const vgaHole = { start: 0xa0000, end: 0xc0000 }
/** The firmware lies below, when the machine is built. */
const firmwareEnd = 1 << 20
/** So many zeros are copied with what is around them: each part of RAM that is mapped for itself costs the host something. */
const widestGap = 256 << 10
/** Less than this is not put into a place of its own, for the same reason. */
const leastMapped = 64 << 10
/** The controllers of interrupts, a page each. */
const controllers = [0xfec00000, 0xfee00000].map((start) => ({ start, end: start + pageBytes }))

export interface AddressRange {
  readonly start: number
  /** The address behind the last one. */
  readonly end: number
}

/** RAM and address space of the guest, as its bus and its page tables show them. */
export class GuestMemory {
  readonly #cpu: V86Cpu
  readonly #devices: () => readonly AddressRange[]
  /** What a copy of RAM that is being made elsewhere has. */
  #shadow: RamShadow | undefined
  /** From here on nothing has been written to RAM yet: it holds zeros. */
  #untouched = firmwareEnd
  /** Whether a file has been put into the place of parts of RAM. */
  #mapped = false

  /** @param devices - where devices have memory now, above RAM */
  constructor(cpu: V86Cpu, devices: () => readonly AddressRange[]) {
    this.#cpu = cpu
    this.#devices = devices
  }

  get ramBytes(): number {
    return this.#cpu.memory_size[0]!
  }

  /** Where something answers above RAM: what v86 has there itself, and the windows of ROMs and devices. */
  get answering(): { readonly own: readonly AddressRange[]; readonly devices: readonly AddressRange[] } {
    return { own: controllers, devices: this.#devices() }
  }

  /** RAM itself. Made anew each time: the emulator's memory can grow, which detaches old views. */
  get ram(): Uint8Array {
    return new Uint8Array(this.#cpu.wasm_memory.buffer, this.#cpu.mem8.byteOffset, this.ramBytes)
  }

  /** Copies what the bus has at a physical address; zeros where nothing answers. */
  readPhysical(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    const inRam = Math.min(length, this.ramBytes - address)
    if (inRam > 0) bytes.set(this.ram.subarray(address, address + inRam))
    this.#readBytewise(bytes, address, vgaHole.start, Math.min(vgaHole.end, this.ramBytes))
    for (const { start, end } of this.#devices()) {
      this.#readBytewise(bytes, address, Math.max(start, this.ramBytes), end)
    }
    return bytes
  }

  /** @throws {BoardError} kind `address`, if a part of the range is not RAM */
  writePhysical(address: number, bytes: Uint8Array): void {
    if (!(address >= 0 && address + bytes.length <= this.ramBytes)) throw noMemory(address)
    this.touched(address + bytes.length)
    this.#cpu.write_blob(bytes, address) // which also throws away what v86 has translated of it
    const last = Math.min(vgaHole.end, address + bytes.length)
    for (let at = Math.max(vgaHole.start, address); at < last; at++) {
      this.#cpu.wm.exports.write8(at, bytes[at - address]!)
    }
  }

  /**
   * Writes where the CPU would at a linear address, whether or not the guest may write there: all of it or nothing.
   *
   * @throws {BoardError} kind `address`, if a page is not mapped or not RAM
   */
  writeVirtual(address: number, bytes: Uint8Array): void {
    const pieces = this.#pieces(address, bytes.length, (physical, length) => physical + length <= this.ramBytes)
    for (const { physical, offset, length } of pieces) {
      this.writePhysical(physical, bytes.subarray(offset, offset + length))
    }
  }

  /** RAM is written, or can be: the guest executes, or a device is used. @param end - where that ends */
  touched(end = this.ramBytes): void {
    this.#untouched = Math.max(this.#untouched, end)
  }

  readPages(address: number, length: number): RamPages {
    this.#requirePages(address, length)
    return takePages(this.ram.subarray(address, address + length), address)
  }

  copyRam(): RamCopy {
    const { ram } = this
    const ranges = usedRanges(ram, widestGap)
    const descriptor = ramFileOf(ram, ranges)
    return descriptor === undefined ? { pages: takePages(ram, 0, true) } : { descriptor, ranges }
  }

  /** @throws {BoardError} kind `address`, if a part of it does not lie in RAM */
  pasteRam(copy: RamCopy): void {
    if ('pages' in copy) this.writePages(0, this.ramBytes, copy.pages)
    else this.#pasteFile(copy.descriptor, copy.ranges)
  }

  #pasteFile(descriptor: number, ranges: readonly ByteRange[]): void {
    const { ram } = this
    if ((ranges.at(-1)?.end ?? 0) > ram.length) throw noMemory(ram.length)
    clearAround(ram, ranges, this.#untouched)
    for (const range of ranges) this.#mapped = mapRamFile(ram, range, descriptor) || this.#mapped
    this.#written(0, ram.length)
  }

  /** Gives pages back to the host, where it has a way to take them: the guest finds zeros there. */
  release(address: number, length: number): void {
    const { ram } = this
    const end = address + length
    if (!this.#mapped) releasePages(this.#cpu, address, length)
    else if (length < leastMapped || !mapZeros(ram, { start: address, end })) ram.fill(0, address, end)
    this.#cpu.wm.exports.jit_dirty_cache(address, end)
  }

  /** @throws {BoardError} kind `address`, if a page does not lie in the range, or the range not in RAM */
  writePages(address: number, length: number, pages: RamPages): void {
    this.#requirePages(address, length)
    if (!pagesFit(pages, address, length)) throw noMemory(address)
    const piece = this.ram.subarray(address, address + length)
    placePages(piece, address, pages, this.#untouched)
    this.#written(address, address + length)
  }

  #written(address: number, end: number): void {
    this.touched(end)
    this.#cpu.wm.exports.jit_dirty_cache(address, end)
  }

  /** @throws {BoardError} kind `address`, if one is not a page of RAM */
  overwritePages(pages: RamPages): void {
    if (!pagesFit(pages, 0, this.ramBytes)) throw noMemory(pages.addresses[0] ?? 0)
    this.touched()
    const { ram } = this
    for (const [index, page] of pages.addresses.entries()) {
      ram.set(pages.bytes.subarray(index * pageBytes, (index + 1) * pageBytes), page)
      this.#cpu.wm.exports.jit_dirty_cache(page, page + pageBytes)
    }
  }

  changedPages(address: number, length: number): RamPages {
    this.#requirePages(address, length)
    this.#shadow ??= new RamShadow(this.ramBytes)
    return this.#shadow.take(this.ram.subarray(address, address + length), address)
  }

  countChangedPages(address: number, length: number): number {
    this.#requirePages(address, length)
    this.#shadow ??= new RamShadow(this.ramBytes)
    return this.#shadow.count(this.ram.subarray(address, address + length), address)
  }

  forgetPages(): void {
    this.#shadow = undefined
  }

  /** @throws {BoardError} kind `address`, if one is not a page of RAM */
  pageChecksums(addresses: Uint32Array): Uint32Array {
    const { ram } = this
    for (const address of addresses) this.#requirePages(address, pageBytes)
    return pageChecksums(ram, addresses)
  }

  #requirePages(address: number, length: number): void {
    if (address % pageBytes !== 0 || length % pageBytes !== 0 || address + length > this.ramBytes)
      throw noMemory(address)
  }

  /** Copies what the CPU would read at a linear address. @throws {BoardError} kind `address`, if a page is not mapped */
  readVirtual(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (const piece of this.#pieces(address, length, (physical, size) => this.#isMemory(physical, size))) {
      bytes.set(this.readPhysical(piece.physical, piece.length), piece.offset)
    }
    return bytes
  }

  /** Where the pages of a linear range are. @throws {BoardError} kind `address`, if one is not mapped or not fit */
  #pieces(address: number, length: number, fits: (physical: number, length: number) => boolean) {
    const pieces = []
    for (let offset = 0; offset < length; ) {
      const linear = address + offset
      const piece = Math.min(length - offset, 4096 - (linear % 4096))
      const physical = this.translate(linear)
      if (physical === undefined || !fits(physical, piece)) throw noMemory(linear)
      pieces.push({ physical, offset, length: piece })
      offset += piece
    }
    return pieces
  }

  /** The four bytes at a linear address in RAM; undefined if they are not mapped, or outside RAM. */
  readWord(address: number): number | undefined {
    if (address % 4096 > 4092) return undefined // across two pages
    const physical = this.translate(address)
    if (physical === undefined || physical + 4 > this.ramBytes) return undefined
    return new DataView(this.ram.buffer, this.ram.byteOffset).getUint32(physical, true)
  }

  /** Walks the page tables as they are now; undefined if the page is not mapped. */
  translate(linear: number): number | undefined {
    const { cr } = this.#cpu
    const [cr0, cr3, cr4] = [cr[0]!, cr[3]!, cr[4]!]
    if (cr0 >= 0) return linear // bit 31: paging
    return cr4 & 0x20 ? this.#walkPae(cr3, linear) : this.#walk(cr3, linear, (cr4 & 0x10) !== 0)
  }

  #walk(cr3: number, linear: number, largePages: boolean): number | undefined {
    const directory = this.#entry((cr3 & ~0xfff) >>> 0, 4 * (linear >>> 22))
    if (!(directory & 1)) return undefined
    if (largePages && directory & 0x80) return ((directory & 0xffc00000) >>> 0) + (linear & 0x3fffff)
    const page = this.#entry((directory & ~0xfff) >>> 0, 4 * ((linear >>> 12) & 0x3ff))
    return page & 1 ? ((page & ~0xfff) >>> 0) + (linear & 0xfff) : undefined
  }

  #walkPae(cr3: number, linear: number): number | undefined {
    const pointer = this.#wideEntry((cr3 & ~0x1f) >>> 0, 8 * (linear >>> 30))
    if (!(pointer & 1)) return undefined
    const directory = this.#wideEntry((pointer & ~0xfff) >>> 0, 8 * ((linear >>> 21) & 0x1ff))
    if (!(directory & 1)) return undefined
    if (directory & 0x80) return ((directory & 0xffe00000) >>> 0) + (linear & 0x1fffff)
    const page = this.#wideEntry((directory & ~0xfff) >>> 0, 8 * ((linear >>> 12) & 0x1ff))
    return page & 1 ? ((page & ~0xfff) >>> 0) + (linear & 0xfff) : undefined
  }

  /** The low half of a table's entry; 0 (not present) if the guest's tables lie outside RAM. */
  #entry(table: number, offset: number): number {
    const address = table + offset
    if (address + 4 > this.ramBytes) return 0
    return new DataView(this.ram.buffer, this.ram.byteOffset).getInt32(address, true)
  }

  /** The low half of an entry of 64 bits; 0 if it points beyond the 32 bits of the bus. */
  #wideEntry(table: number, offset: number): number {
    const beyond = this.#entry(table, offset + 4) & 0x7fffffff // the top bit forbids execution
    return beyond === 0 ? this.#entry(table, offset) : 0
  }

  #isMemory(address: number, length: number): boolean {
    if (address + length <= this.ramBytes) return true
    return this.#devices().some(({ start, end }) => address >= start && address + length <= end)
  }

  /** Reads the part of a range that lies in a region as the CPU would, since it is no RAM. */
  #readBytewise(bytes: Uint8Array, address: number, start: number, end: number): void {
    const { exports } = this.#cpu.wm
    const last = Math.min(end, address + bytes.length)
    for (let at = Math.max(start, address); at < last; at++) bytes[at - address] = exports.read8(at | 0)
  }
}

function noMemory(address: number): BoardError {
  return new BoardError('address', `there is no memory at 0x${address.toString(16)}`, { address })
}
