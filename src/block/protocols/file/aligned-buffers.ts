import { type Libc, loadLibc } from '../../../libc/index.ts'

/** As large as any request around the page cache; longer ones are cut. */
export const largestAligned = 2 ** 20
/** What every device and file system is content with. */
const alignment = 4096
/** Bytes in buffers that are kept for the next request. */
const kept = 8 * 2 ** 20

/**
 * Memory for requests around the page cache: the device itself reads and writes it, so it must begin where a page does.
 * Node cannot say where memory is; the C library can.
 */
export class AlignedBuffers {
  readonly #libc: Libc
  /** By the size of the buffers, a power of two. */
  readonly #free = new Map<number, Uint8Array[]>()
  #freeBytes = 0
  readonly #addresses = new WeakMap<ArrayBufferLike, bigint>()

  constructor(libc: Libc) {
    this.#libc = libc
  }

  /** @param length - at most `largestAligned` @returns a buffer that is at least so long */
  take(length: number): Uint8Array {
    const size = Math.max(alignment, 2 ** Math.ceil(Math.log2(length)))
    const buffer = this.#free.get(size)?.pop()
    if (buffer === undefined) return this.#make(size)
    this.#freeBytes -= size
    return buffer
  }

  /** Gives back what `take()` gave: nothing reads or writes it any more. */
  give(buffer: Uint8Array): void {
    if (this.#freeBytes + buffer.byteLength > kept) return
    const free = this.#free.get(buffer.byteLength) ?? []
    this.#free.set(buffer.byteLength, free)
    free.push(buffer)
    this.#freeBytes += buffer.byteLength
  }

  /** Where a buffer is. */
  addressOf({ buffer, byteOffset }: Uint8Array): bigint {
    return this.#addresses.get(buffer)! + BigInt(byteOffset)
  }

  #make(size: number): Uint8Array {
    const memory = new ArrayBuffer(size + alignment)
    const address = this.#libc.address(memory)
    this.#addresses.set(memory, address)
    const past = Number(address % BigInt(alignment))
    return new Uint8Array(memory, past === 0 ? 0 : alignment - past, size)
  }
}

let loaded: AlignedBuffers | undefined | 'not tried' = 'not tried'

/** One for the process, made when it is first asked for; undefined where there is no `loadLibc`. */
export function loadAlignedBuffers(): AlignedBuffers | undefined {
  if (loaded === 'not tried') {
    const libc = loadLibc()
    loaded = libc === undefined ? undefined : new AlignedBuffers(libc)
  }
  return loaded
}
