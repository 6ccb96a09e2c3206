const pageBytes = 4096

/** RAM that takes host memory for the pages only that were written; the others read as zeros. */
export class SparseMemory {
  readonly byteLength: number
  readonly #pages = new Map<number, Uint8Array>()

  constructor(byteLength: number) {
    this.byteLength = byteLength
  }

  /** Copies a range out; it must lie inside. */
  read(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (const { page, from, to, offset } of pieces(address, length)) {
      const present = this.#pages.get(page)
      if (present !== undefined) bytes.set(present.subarray(from, to), offset)
    }
    return bytes
  }

  /** Copies bytes in; they must lie inside. */
  write(address: number, bytes: Uint8Array): void {
    for (const { page, from, to, offset } of pieces(address, bytes.length)) {
      let present = this.#pages.get(page)
      if (present === undefined) this.#pages.set(page, (present = new Uint8Array(pageBytes)))
      present.set(bytes.subarray(offset, offset + to - from), from)
    }
  }

  /** Makes whole pages zero. */
  clear(address = 0, length = this.byteLength): void {
    for (let page = address / pageBytes; page < (address + length) / pageBytes; page++) this.#pages.delete(page)
  }
}

/** A range cut at page boundaries: which page, from where to where in it, and the offset in the range. */
function* pieces(
  address: number,
  length: number,
): Generator<{ page: number; from: number; to: number; offset: number }> {
  for (let offset = 0; offset < length; ) {
    const at = address + offset
    const from = at % pageBytes
    const to = Math.min(pageBytes, from + length - offset)
    yield { page: Math.floor(at / pageBytes), from, to, offset }
    offset += to - from
  }
}
