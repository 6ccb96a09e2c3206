import type { BlockNode } from '../graph/node.ts'
import { readTable } from './read-only-image.ts'

const entrySize = 4
const pageEntries = 2 ** 14

/** Some entries of a table, one after the other. */
export interface TablePage {
  /** The entry of this number; it must lie in the page. */
  at(index: number): number
  /** The number of the first entry behind the page. */
  readonly end: number
}

/**
 * A table of 32-bit entries in an image, read page by page as it is needed: how long it is, the image says, which may be
 * hostile, and so nothing is allocated by that. What lies behind the end of the file reads as zeroes.
 */
export class TablePages {
  readonly entries: number
  readonly #node: BlockNode
  readonly #offset: number
  readonly #littleEndian: boolean
  #last: { readonly first: number; readonly page: Promise<TablePage> } | undefined

  constructor(node: BlockNode, { offset, entries, littleEndian }: TablePlace) {
    this.#node = node
    this.#offset = offset
    this.entries = entries
    this.#littleEndian = littleEndian
  }

  /** The page that an entry is in. Entries are asked for in order, mostly: one page is kept. */
  page(index: number): Promise<TablePage> {
    const first = index - (index % pageEntries)
    if (this.#last?.first !== first) {
      const page = this.#read(first)
      this.#last = { first, page }
      // A failure is told to who asked; the next one asks the file again.
      page.catch(() => (this.#last = undefined))
    }
    return this.#last!.page
  }

  async #read(first: number): Promise<TablePage> {
    const count = Math.min(pageEntries, this.entries - first)
    const view = await readTable(this.#node, this.#offset + first * entrySize, count * entrySize)
    return { at: (index) => view.getUint32((index - first) * entrySize, this.#littleEndian), end: first + count }
  }
}

export interface TablePlace {
  /** In bytes, in the file. */
  readonly offset: number
  readonly entries: number
  readonly littleEndian: boolean
}
