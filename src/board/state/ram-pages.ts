/** RAM is saved by pages of this size, as x86 has them. */
export const pageBytes = 4096

/** Pages of RAM that hold anything but zeros. */
export interface RamPages {
  /** Where each page begins: multiples of 4096, in order. */
  readonly addresses: Uint32Array
  /** Their contents, one after the other. */
  readonly bytes: Uint8Array
}

const zeros = new Uint8Array(64 << 10)

/**
 * The pages of a piece of RAM, whole pages long, that are not all zeros.
 *
 * @param address where the piece begins
 * @param shared whether the bytes go into memory that threads can have together
 */
export function takePages(ram: Uint8Array, address: number, shared = false): RamPages {
  const found: number[] = []
  for (let block = 0; block < ram.length; block += zeros.length) {
    const end = Math.min(block + zeros.length, ram.length)
    if (isZero(ram, block, end)) continue // most of RAM: found out in one go
    for (let page = block; page < end; page += pageBytes) if (!isZero(ram, page, page + pageBytes)) found.push(page)
  }
  const length = found.length * pageBytes
  const bytes = new Uint8Array(shared ? new SharedArrayBuffer(length) : new ArrayBuffer(length))
  for (const { first, start, end } of runsOf(found)) bytes.set(ram.subarray(start, end), first * pageBytes)
  return { addresses: Uint32Array.from(found, (page) => address + page), bytes }
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
  const used = Math.min(ram.length, Math.max(0, untouched - address))
  let behind = 0
  for (const { first, start, end } of runsOf(addresses)) {
    clear(ram, behind, Math.min(start - address, used))
    ram.set(bytes.subarray(first * pageBytes, first * pageBytes + end - start), start - address)
    behind = end - address
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
