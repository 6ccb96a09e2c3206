import type { ReferenceWalk } from './reference-walk.ts'

/** Clusters for new tables: such as no entry of any table reaches, first in the file and then behind it. */
export class FreeSpace {
  readonly #walk: ReferenceWalk
  readonly #avoid: (cluster: number) => boolean
  readonly #taken = new Set<number>()
  /** None below is free. */
  #first = 0

  /** @param avoid - clusters that are not to be taken though nothing reaches them */
  constructor(walk: ReferenceWalk, avoid: (cluster: number) => boolean = () => false) {
    this.#walk = walk
    this.#avoid = avoid
  }

  /** Takes so many in a row. @returns the first */
  take(clusters: number): number {
    for (let start = this.#first; ; start++) {
      let count = 0
      while (count < clusters && this.#isFree(start + count)) count++
      if (count === clusters) {
        for (let index = 0; index < clusters; index++) this.#taken.add(start + index)
        return start
      }
      if (count === 0 && start === this.#first) this.#first++
      start += count
    }
  }

  #isFree(cluster: number): boolean {
    return !this.#walk.isTouched(cluster) && !this.#taken.has(cluster) && !this.#avoid(cluster)
  }
}
