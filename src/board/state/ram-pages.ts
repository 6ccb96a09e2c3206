/** RAM is saved by pages of this size, as x86 has them. */
export const pageBytes = 4096

/** Pages of RAM that hold anything but zeros. */
export interface RamPages {
  /** Where each page begins: multiples of 4096, in order. */
  readonly addresses: Uint32Array
  /** Their contents, one after the other. */
  readonly bytes: Uint8Array
}

/** All of RAM, for boards of this process that begin with it: pages, or a file of which parts are mapped; elsewhere are zeros. */
export type RamCopy =
  | { readonly pages: RamPages }
  | { readonly descriptor: number; readonly ranges: readonly ByteRange[] }

export interface ByteRange {
  readonly start: number
  /** Behind the last one. */
  readonly end: number
}

const zeros = new Uint8Array(64 << 10)

/**
 * The pages of a piece of RAM, whole pages long, that are not all zeros.
 *
 * @param address where the piece begins
 * @param shared whether the bytes go into memory that threads can have together
 */
export function takePages(ram: Uint8Array, address: number, shared = false): RamPages {
  const found = usedPages(ram)
  const length = found.length * pageBytes
  const bytes = new Uint8Array(shared ? new SharedArrayBuffer(length) : new ArrayBuffer(length))
  for (const { first, start, end } of runsOf(found)) bytes.set(ram.subarray(start, end), first * pageBytes)
  return { addresses: Uint32Array.from(found, (page) => address + page), bytes }
}

/** Where the pages begin that are not all zeros. */
function usedPages(ram: Uint8Array): number[] {
  const found: number[] = []
  for (let block = 0; block < ram.length; block += zeros.length) {
    const end = Math.min(block + zeros.length, ram.length)
    if (isZero(ram, block, end)) continue // most of RAM: found out in one go
    for (let page = block; page < end; page += pageBytes) if (!isZero(ram, page, page + pageBytes)) found.push(page)
  }
  return found
}

/** Where RAM holds anything but zeros, in order; zeros between are as many as `gap` at most. */
export function usedRanges(ram: Uint8Array, gap: number): ByteRange[] {
  const ranges: { start: number; end: number }[] = []
  for (const { start, end } of runsOf(usedPages(ram))) {
    const last = ranges.at(-1)
    if (last !== undefined && start - last.end <= gap) last.end = end
    else ranges.push({ start, end })
  }
  return ranges
}

/**
 * Makes a piece of RAM hold these pages, which lie in it, and zeros everywhere else.
 *
 * @param address where it begins
 * @param untouched where memory begins that holds zeros now: it is not looked at, which would take memory of the host
 */
export function placePages(
  ram: Uint8Array,
  address: number,
  { addresses, bytes }: RamPages,
  untouched = Number.POSITIVE_INFINITY,
): void {
  const runs = [...runsOf(addresses)]
  const places = runs.map(({ start, end }) => ({ start: start - address, end: end - address }))
  clearAround(ram, places, untouched - address)
  for (const [index, { first, start, end }] of runs.entries())
    ram.set(bytes.subarray(first * pageBytes, first * pageBytes + end - start), places[index]!.start)
}

/** Makes RAM hold zeros everywhere but in these ranges, which are in order. @param untouched as of `placePages()` */
export function clearAround(ram: Uint8Array, ranges: readonly ByteRange[], untouched: number): void {
  const used = Math.min(ram.length, untouched)
  let behind = 0
  for (const { start, end } of ranges) {
    clear(ram, behind, Math.min(start, used))
    behind = end
  }
  clear(ram, behind, used)
}

/** Pages that lie behind each other, copied in one go: the index of the first, where they begin, and where they end. */
function* runsOf(pages: ArrayLike<number>): Generator<{ first: number; start: number; end: number }> {
  for (let first = 0; first < pages.length; ) {
    let next = first + 1
    while (next < pages.length && pages[next] === pages[next - 1]! + pageBytes) next++
    yield { first, start: pages[first]!, end: pages[next - 1]! + pageBytes }
    first = next
  }
}

/** Writes zeros where there are others: memory that nobody has written to takes no space on the host, and none after this. */
function clear(ram: Uint8Array, start: number, end: number): void {
  for (let block = start; block < end; block += zeros.length) {
    const next = Math.min(block + zeros.length, end)
    if (!isZero(ram, block, next)) ram.fill(0, block, next)
  }
}

/** Whether pages are what they say: whole, and inside the range. */
export function pagesFit({ addresses, bytes }: RamPages, address: number, length: number): boolean {
  return (
    bytes.length === addresses.length * pageBytes &&
    addresses.every((page) => page % pageBytes === 0 && page >= address && page + pageBytes <= address + length)
  )
}

function isZero(ram: Uint8Array, start: number, end: number): boolean {
  return Buffer.compare(ram.subarray(start, end), zeros.subarray(0, end - start)) === 0
}
