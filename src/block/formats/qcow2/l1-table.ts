import { setUint64, viewOf } from './big-endian.ts'
import { damaged, hexadecimal } from './header.ts'

/** A reference to a cluster may say that it is the only one: then the cluster can be changed in place. */
const copiedBit = 0x8000_0000

const unit = 64

/** The active L1 table: where the L2 tables are (qcow2 spec, "L1 table entry"). All of it is in memory. */
export class L1Table {
  readonly #clusterSize: number
  #offset: number
  #offsets: Float64Array
  #copied: Uint8Array
  /** Units of 64 entries (512 bytes) that wait to be written. */
  readonly #dirty = new Set<number>()

  constructor(offset: number, bytes: Uint8Array, clusterSize: number) {
    this.#offset = offset
    this.#clusterSize = clusterSize
    const { offsets, copied } = decodeL1(bytes)
    this.#offsets = offsets
    this.#copied = copied
  }

  /** Where it is in the file. */
  get offset(): number {
    return this.#offset
  }

  get length(): number {
    return this.#offsets.length
  }

  get dirty(): boolean {
    return this.#dirty.size > 0
  }

  /**
   * Where an L2 table is; 0, if there is none, or no such entry.
   *
   * @throws {BlockError} kind `corrupt`
   */
  tableAt(index: number): number {
    const offset = this.#offsets[index] ?? 0
    if (offset % this.#clusterSize === 0) return offset
    throw damaged(`L2 table offset 0x${offset.toString(16)} unaligned (L1 index: ${hexadecimal(index)})`)
  }

  /** The same, even if there can be no table. */
  rawTableAt(index: number): number {
    return this.#offsets[index] ?? 0
  }

  /** Whether this is the only reference to the L2 table. */
  isCopied(index: number): boolean {
    return this.#copied[index] === 1
  }

  set(index: number, offset: number, copied: boolean): void {
    this.#offsets[index] = offset
    this.#copied[index] = copied ? 1 : 0
    this.#dirty.add(Math.floor(index / unit))
  }

  /** The pieces that wait to be written; they count as written from now on. */
  takeDirty(): { readonly unit: number; readonly offset: number; readonly bytes: Uint8Array }[] {
    const pieces = [...this.#dirty].map((index) => ({
      unit: index,
      offset: this.#offset + index * unit * 8,
      bytes: this.encode(index * unit, Math.min(this.length, (index + 1) * unit)),
    }))
    this.#dirty.clear()
    return pieces
  }

  restoreDirty(pieces: readonly { readonly unit: number }[]): void {
    for (const piece of pieces) this.#dirty.add(piece.unit)
  }

  /** Entries as they stand in the file. */
  encode(begin = 0, end = this.length): Uint8Array {
    const bytes = new Uint8Array((end - begin) * 8)
    const view = viewOf(bytes)
    for (let index = begin; index < end; index++) {
      const at = (index - begin) * 8
      setUint64(view, at, this.#offsets[index]!)
      if (this.#copied[index] === 1) view.setUint32(at, (view.getUint32(at) | copiedBit) >>> 0)
    }
    return bytes
  }

  /** Becomes another table, which stands in the file already. */
  replace(offset: number, bytes: Uint8Array): void {
    const { offsets, copied } = decodeL1(bytes)
    this.#offset = offset
    this.#offsets = offsets
    this.#copied = copied
    this.#dirty.clear()
  }
}

export function decodeL1(bytes: Uint8Array): { readonly offsets: Float64Array; readonly copied: Uint8Array } {
  const count = Math.floor(bytes.byteLength / 8)
  const view = viewOf(bytes)
  const offsets = new Float64Array(count)
  const copied = new Uint8Array(count)
  for (let index = 0; index < count; index++) {
    const high = view.getUint32(index * 8)
    offsets[index] = (high & 0x00ff_ffff) * 2 ** 32 + ((view.getUint32(index * 8 + 4) & 0xffff_fe00) >>> 0)
    copied[index] = high >>> 31
  }
  return { offsets, copied }
}
