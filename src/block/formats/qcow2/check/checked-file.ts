import type { BlockNode } from '../../../graph/node.ts'

/** Tables are read and written so much at a time. */
const pieceSize = 2 ** 20
const pageSize = 512

/**
 * The file of an image under check. What a repair writes stays in memory, so that the result can be looked at before it
 * is brought into the file, or dropped.
 */
export class CheckedFile {
  readonly #file: BlockNode
  readonly #signal: AbortSignal | undefined
  #pages = new Map<number, Uint8Array>()
  #length: number

  constructor(file: BlockNode, signal: AbortSignal | undefined) {
    this.#file = file
    this.#signal = signal
    this.#length = file.length
  }

  get length(): number {
    return this.#length
  }

  get changed(): boolean {
    return this.#pages.size > 0 || this.#length !== this.#file.length
  }

  /** What lies behind the end of the file reads as zeroes. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    this.#signal?.throwIfAborted()
    const bytes = new Uint8Array(length)
    const available = Math.max(0, Math.min(length, this.#file.length - offset))
    for (let at = 0; at < available; at += pieceSize) {
      await this.#file.readInto(offset + at, bytes.subarray(at, Math.min(available, at + pieceSize)))
      this.#signal?.throwIfAborted()
    }
    if (this.#pages.size > 0) this.#overlay(offset, bytes)
    return bytes
  }

  /** Becomes at least so long. */
  grow(length: number): void {
    this.#length = Math.max(this.#length, length)
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const end = offset + bytes.byteLength
    for (let at = offset; at < end; ) {
      const begin = at - (at % pageSize)
      let page = this.#pages.get(begin)
      if (page === undefined) {
        page = await this.read(begin, pageSize)
        this.#pages.set(begin, page)
      }
      const part = bytes.subarray(at - offset, Math.min(bytes.byteLength, begin + pageSize - offset))
      page.set(part, at - begin)
      at += part.byteLength
    }
    this.#length = Math.max(this.#length, end)
  }

  /** Brings what was written into the file: the header last, for it says what of the rest counts. */
  async commit(): Promise<void> {
    if (!this.changed) return
    const pages = [...this.#pages].sort(([one], [other]) => one - other)
    const first = pages.filter(([offset]) => offset === 0)
    await this.#writePages(pages.filter(([offset]) => offset !== 0))
    if (this.#length > this.#file.length) await this.#file.truncate(this.#length)
    await this.#file.flush()
    await this.#writePages(first)
    if (first.length > 0) await this.#file.flush()
    this.drop()
  }

  /** Forgets what was written. */
  drop(): void {
    this.#pages = new Map()
    this.#length = this.#file.length
  }

  async #writePages(pages: readonly (readonly [offset: number, bytes: Uint8Array])[]): Promise<void> {
    for (let index = 0; index < pages.length; ) {
      const [offset] = pages[index]!
      let count = 1
      while (count * pageSize < pieceSize && pages[index + count]?.[0] === offset + count * pageSize) count++
      const bytes = new Uint8Array(count * pageSize)
      for (let page = 0; page < count; page++) bytes.set(pages[index + page]![1], page * pageSize)
      // No further than somebody wrote: the file may end amid a page.
      const length = Math.min(bytes.byteLength, Math.max(0, this.#length - offset))
      await this.#file.write(offset, bytes.subarray(0, length), { grow: true })
      index += count
    }
  }

  #overlay(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.byteLength
    for (let begin = offset - (offset % pageSize); begin < end; begin += pageSize) {
      const page = this.#pages.get(begin)
      if (page === undefined) continue
      const from = Math.max(0, offset - begin)
      bytes.set(page.subarray(from, Math.min(pageSize, end - begin)), begin + from - offset)
    }
  }
}
