/** Granules of a page: few enough that a page costs little, many enough that there are few pages. */
const pageBits = 15
const pageSize = 2 ** pageBits
const wordsOfPage = pageSize / 32
export const bytesOfPage = pageSize / 8

/** Which granules of a page are in the set: all of them, or a bit for each, the lowest bit of a word first. */
type Page = 'all' | { readonly words: Uint32Array; count: number }

/**
 * A set of granules, numbered from 0: a bit for each, kept only where there are some, and never where all are alike. So
 * that an image of terabytes costs nothing until something is written, and little when everything is.
 */
export class GranuleSet {
  #length: number
  readonly #pages = new Map<number, Page>()
  #count = 0

  /** @param length - how many granules there are; no others are ever in the set */
  constructor(length: number) {
    this.#length = length
  }

  get length(): number {
    return this.#length
  }

  /** How many are in the set. */
  get count(): number {
    return this.#count
  }

  has(granule: number): boolean {
    const page = this.#pages.get(Math.floor(granule / pageSize))
    if (page === undefined || granule >= this.#length) return false
    if (page === 'all') return true
    const bit = granule % pageSize
    return ((page.words[bit >>> 5]! >>> (bit & 31)) & 1) === 1
  }

  /** Puts the granules from `first` to before `end` into the set. */
  add(first: number, end: number): void {
    this.#change(first, Math.min(end, this.#length), true)
  }

  /** Takes the granules from `first` to before `end` out. */
  delete(first: number, end: number): void {
    this.#change(first, Math.min(end, this.#length), false)
  }

  clear(): void {
    this.#pages.clear()
    this.#count = 0
  }

  /** The first granule from `from` on that is in the set, or is not; undefined if there is none. */
  next(from: number, inSet: boolean): number | undefined {
    if (from >= this.#length) return undefined
    const found = inSet ? this.#nextIn(from) : this.#nextOut(from)
    return found === undefined || found >= this.#length ? undefined : found
  }

  /** Stretches of the set, in order: from `first` to before `end`. */
  *stretches(from = 0): Generator<{ readonly first: number; readonly end: number }> {
    for (let first = this.next(from, true); first !== undefined; ) {
      const end = this.next(first, false) ?? this.#length
      yield { first, end }
      first = this.next(end, true)
    }
  }

  /** Becomes a set of more or fewer granules: new ones are not in it. */
  resize(length: number): void {
    if (length < this.#length) this.delete(length, this.#length)
    // All of the last page is not all of it any more.
    else if (this.#pages.get(Math.floor(this.#length / pageSize)) === 'all')
      this.#spelledOut(Math.floor(this.#length / pageSize))
    this.#length = length
  }

  copy(): GranuleSet {
    const copy = new GranuleSet(this.#length)
    for (const [index, page] of this.#pages) {
      copy.#pages.set(index, page === 'all' ? 'all' : { words: page.words.slice(), count: page.count })
    }
    copy.#count = this.#count
    return copy
  }

  /**
   * The set as bytes, the lowest bit of a byte first, in pieces of `bytesOfPage`: those of granules that follow each
   * other; undefined where none is in the set.
   */
  pageBytes(index: number): Uint8Array | undefined {
    const page = this.#pages.get(index)
    if (page === undefined) return undefined
    const bytes = new Uint8Array(bytesOfPage)
    if (page !== 'all') {
      const view = new DataView(bytes.buffer)
      for (const [at, word] of page.words.entries()) view.setUint32(at * 4, word, true)
      return bytes
    }
    const bits = Math.min(pageSize, this.#length - index * pageSize)
    bytes.fill(0xff, 0, Math.floor(bits / 8))
    if (bits % 8 !== 0) bytes[Math.floor(bits / 8)] = 2 ** (bits % 8) - 1
    return bytes
  }

  /** Puts into the set what bytes say, the lowest bit of a byte first; the first byte is of granule `first`. */
  addBytes(first: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength; at++) {
      const byte = bytes[at]!
      if (byte === 0) continue
      let end = at
      if (byte === 0xff) while (bytes[end + 1] === 0xff) end++
      if (byte === 0xff) this.add(first + at * 8, first + (end + 1) * 8)
      else
        for (let bit = 0; bit < 8; bit++)
          if ((byte >>> bit) & 1) this.add(first + at * 8 + bit, first + at * 8 + bit + 1)
      at = end
    }
  }

  #change(first: number, end: number, wanted: boolean): void {
    for (let at = first; at < end; ) {
      const index = Math.floor(at / pageSize)
      const begin = index * pageSize
      const stop = Math.min(end, begin + pageSize)
      const last = Math.min(begin + pageSize, this.#length)
      if (at === begin && stop === last) this.#changePage(index, last - begin, wanted)
      else this.#changeBits(index, at - begin, stop - begin, wanted)
      at = stop
    }
  }

  #changePage(index: number, granules: number, wanted: boolean): void {
    this.#count -= this.#countOf(index)
    if (wanted) {
      this.#pages.set(index, 'all')
      this.#count += granules
    } else this.#pages.delete(index)
  }

  #changeBits(index: number, first: number, end: number, wanted: boolean): void {
    const before = this.#pages.get(index)
    if (before === (wanted ? 'all' : undefined)) return
    const page = this.#spelledOut(index)
    const { words } = page
    let changed = 0
    for (let at = first; at < end; ) {
      const stop = Math.min(end, (at | 31) + 1)
      const mask = maskOf(at & 31, stop - at)
      const word = words[at >>> 5]!
      const now = (wanted ? word | mask : word & ~mask) >>> 0
      if (now !== word) {
        words[at >>> 5] = now
        changed += ones(word ^ now)
      }
      at = stop
    }
    page.count += wanted ? changed : -changed
    this.#count += wanted ? changed : -changed
    if (page.count === 0) this.#pages.delete(index)
  }

  /** A page with a bit for each granule. */
  #spelledOut(index: number): Exclude<Page, 'all'> {
    const page = this.#pages.get(index)
    if (page !== undefined && page !== 'all') return page
    const spelled = { words: new Uint32Array(wordsOfPage), count: 0 }
    if (page === 'all') {
      const granules = Math.min(pageSize, this.#length - index * pageSize)
      spelled.words.fill(0xffff_ffff, 0, granules >>> 5)
      if ((granules & 31) !== 0) spelled.words[granules >>> 5] = maskOf(0, granules & 31)
      spelled.count = granules
    }
    this.#pages.set(index, spelled)
    return spelled
  }

  #countOf(index: number): number {
    const page = this.#pages.get(index)
    if (page === undefined) return 0
    return page === 'all' ? Math.min(pageSize, this.#length - index * pageSize) : page.count
  }

  #nextIn(from: number): number | undefined {
    let index = Math.floor(from / pageSize)
    let bit = from % pageSize
    const last = Math.floor((this.#length - 1) / pageSize)
    // A set with few pages is faster to look through by its pages than by their numbers.
    if (!this.#pages.has(index)) {
      const later = this.#pageFrom(index, last)
      if (later === undefined) return undefined
      index = later
      bit = 0
    }
    for (let at: number | undefined = index; at !== undefined; at = this.#pageFrom(at + 1, last)) {
      const page = this.#pages.get(at)!
      const found = page === 'all' ? bit : nextBit(page.words, bit, 0)
      if (found !== undefined) return at * pageSize + found
      bit = 0
    }
    return undefined
  }

  #pageFrom(index: number, last: number): number | undefined {
    if (last - index <= this.#pages.size) {
      for (let at = index; at <= last; at++) if (this.#pages.has(at)) return at
      return undefined
    }
    let nearest: number | undefined
    for (const at of this.#pages.keys()) if (at >= index && (nearest === undefined || at < nearest)) nearest = at
    return nearest
  }

  #nextOut(from: number): number | undefined {
    let bit = from % pageSize
    for (let index = Math.floor(from / pageSize); index * pageSize < this.#length; index++) {
      const page = this.#pages.get(index)
      if (page === undefined) return index * pageSize + bit
      const found = page === 'all' ? undefined : nextBit(page.words, bit, 0xffff_ffff)
      if (found !== undefined) return index * pageSize + found
      bit = 0
    }
    return undefined
  }
}

/** `count` ones from a bit on. */
function maskOf(bit: number, count: number): number {
  return count === 32 ? 0xffff_ffff : (((1 << count) - 1) << bit) >>> 0
}

/** The first bit from `from` on that is one where `unlike` has zeroes, and zero where it has ones. */
function nextBit(words: Uint32Array, from: number, unlike: number): number | undefined {
  let mask = (0xffff_ffff << (from & 31)) >>> 0
  for (let at = from >>> 5; at < wordsOfPage; at++) {
    const word = ((words[at]! ^ unlike) & mask) >>> 0
    if (word !== 0) return at * 32 + 31 - Math.clz32(word & -word)
    mask = 0xffff_ffff
  }
  return undefined
}

function ones(word: number): number {
  let left = word - ((word >>> 1) & 0x5555_5555)
  left = (left & 0x3333_3333) + ((left >>> 2) & 0x3333_3333)
  return (((left + (left >>> 4)) & 0x0f0f_0f0f) * 0x0101_0101) >>> 24
}
