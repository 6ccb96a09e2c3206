import { pageBytes, type RamPages } from './ram-pages.ts'

/** Most of RAM has not changed: found out in blocks of this size. */
const blockBytes = 64 << 10

/**
 * What somebody elsewhere knows of RAM: zeros at first, then what `take()` has given. The processor tells nobody which
 * pages it writes, so they are found by comparing. Takes host memory for pages only that have been taken.
 */
export class RamShadow {
  readonly #known: Uint8Array

  constructor(ramBytes: number) {
    this.#known = new Uint8Array(ramBytes)
  }

  /** The pages of a piece of RAM that differ from what is known, which then is. @param address where the piece begins */
  take(ram: Uint8Array, address: number): RamPages {
    const found = this.#differing(ram, address)
    const bytes = new Uint8Array(found.length * pageBytes)
    for (const [index, page] of found.entries()) {
      const contents = ram.subarray(page, page + pageBytes)
      bytes.set(contents, index * pageBytes)
      this.#known.set(contents, address + page)
    }
    return { addresses: Uint32Array.from(found, (page) => address + page), bytes }
  }

  /** How many pages of a piece of RAM differ from what is known. */
  count(ram: Uint8Array, address: number): number {
    return this.#differing(ram, address).length
  }

  #differing(ram: Uint8Array, address: number): readonly number[] {
    const known = this.#known.subarray(address, address + ram.length)
    const found: number[] = []
    for (let block = 0; block < ram.length; block += blockBytes) {
      const end = Math.min(block + blockBytes, ram.length)
      if (isSame(ram, known, block, end)) continue
      for (let page = block; page < end; page += pageBytes) {
        if (!isSame(ram, known, page, page + pageBytes)) found.push(page)
      }
    }
    return found
  }
}

function isSame(one: Uint8Array, other: Uint8Array, start: number, end: number): boolean {
  return Buffer.compare(one.subarray(start, end), other.subarray(start, end)) === 0
}
