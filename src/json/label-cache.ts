import { qdictBucket } from '../hash/index.ts'

/** What printing needs to know of a member's name. */
export interface Label {
  readonly name: string
  /** Where a QDict holds it. */
  readonly bucket: number
  /** The name as it is printed, with what follows it. */
  readonly text: string
}

const generation = 1024
const longestName = 64

/**
 * Remembers labels of names that were printed lately.
 *
 * Names come from the wire, through `id`, so the cache is bounded: it holds two generations, and a name that is asked
 * for again moves into the younger one. A flood of new names costs time, never memory.
 */
export class LabelCache {
  readonly #textOf: (name: string) => string
  #young = new Map<string, Label>()
  #old = new Map<string, Label>()

  constructor(textOf: (name: string) => string) {
    this.#textOf = textOf
  }

  get(name: string): Label {
    return this.#young.get(name) ?? this.#remember(this.#old.get(name) ?? this.#make(name))
  }

  #make(name: string): Label {
    return { name, bucket: qdictBucket(name), text: this.#textOf(name) }
  }

  #remember(label: Label): Label {
    if (label.name.length > longestName) return label
    if (this.#young.size >= generation) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(label.name, label)
    return label
  }
}
