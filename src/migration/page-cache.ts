import { packDifference } from './stream/page-difference.ts'
import { pageBytes } from './stream/ram-section.ts'

/** The pages that were sent, as they were then: of one that has changed, only the difference need go (XBZRLE). */
export class PageCache {
  /** The one that came first goes first. */
  readonly #pages = new Map<number, Uint8Array>()
  readonly #capacity: () => number
  /** Pages of which only the difference went, and the bytes that took. */
  pages = 0
  bytes = 0
  /** Pages that were not there. */
  misses = 0
  /** Pages whose difference would have been as large as they are. */
  overflows = 0

  /** @param bytes how much it may hold now */
  constructor(bytes: () => number) {
    this.#capacity = () => Math.floor(bytes() / pageBytes)
  }

  /** Pages that were looked for. */
  get lookups(): number {
    return this.pages + this.misses + this.overflows
  }

  /** The difference of a page from what was sent before, if that is known and small; from now on this is what was sent. */
  difference(address: number, page: Uint8Array): Uint8Array | undefined {
    const before = this.#pages.get(address)
    this.#keep(address, page)
    if (before === undefined) {
      this.misses++
      return undefined
    }
    const packed = packDifference(before, page, pageBytes)
    if (packed === undefined) {
      this.overflows++
      return undefined
    }
    this.pages++
    this.bytes += packed.length
    return packed
  }

  /** A page has become zeros. */
  forget(address: number): void {
    this.#pages.delete(address)
  }

  #keep(address: number, page: Uint8Array): void {
    this.#pages.delete(address)
    this.#pages.set(address, page.slice())
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= this.#capacity()) return
      this.#pages.delete(oldest)
    }
  }
}
