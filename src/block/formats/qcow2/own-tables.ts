import { Turns } from '../../graph/turns.ts'
import type { Image } from './image.ts'

/** Makes L2 tables that the image may change: new ones, and copies of those that a snapshot shares. */
export class OwnTables {
  readonly #image: Image
  readonly #turns = new Turns()

  constructor(image: Image) {
    this.#image = image
  }

  /** Whether the table for a guest byte is there, and nobody else refers to it. */
  has(guest: number): boolean {
    const { l1 } = this.#image
    const index = this.#indexOf(guest)
    return l1.tableAt(index) !== 0 && l1.isCopied(index)
  }

  /** @throws {BlockError} */
  make(guest: number): Promise<void> {
    return this.#turns.take(async () => {
      if (this.has(guest)) return
      const { l1, l2, geometry, quarantine, file } = this.#image
      const { clusterSize, sliceSize } = geometry
      const index = this.#indexOf(guest)
      const old = l1.tableAt(index)
      // A shared table is never changed in memory either: the file has it.
      if (old !== 0) this.#image.tell('l2_alloc_cow_read')
      const bytes = old === 0 ? undefined : await file.read(old, clusterSize)
      const offset = (await this.#image.allocate(1)) * clusterSize
      this.#image.takeUntouched(offset, clusterSize)
      this.#image.metadata.add({ offset, length: clusterSize, kind: 'active L2 table' })
      l2.create(offset, clusterSize)
      for (let at = 0; bytes !== undefined && at < clusterSize; at += sliceSize) {
        l2.get(offset + at)!.bytes.set(bytes.subarray(at, at + sliceSize))
      }
      l1.set(index, offset, true)
      if (old !== 0) quarantine.add({ first: old / clusterSize, count: 1 })
    })
  }

  #indexOf(guest: number): number {
    return Math.floor(guest / this.#image.geometry.l2Reach)
  }
}
