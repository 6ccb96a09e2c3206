import { nameBytes } from './name-bytes.ts'
import { qdictOrder } from './qdict-order.ts'

/** Prime moduli of a GHashTable, by the logarithm of its size. */
const primes = [
  1, 2, 3, 7, 13, 31, 61, 127, 251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521, 131071, 262139, 524287, 1048573,
]
const smallestShift = 3

interface Slot {
  readonly name: string
  readonly hash: number
}

/** GLib's `g_str_hash`; 0 and 1 mark empty and removed slots, so no name hashes to them. */
function hashOf(name: string): number {
  let hash = 5381
  for (const byte of nameBytes(name)) hash = (Math.imul(hash, 33) + ((byte << 24) >> 24)) >>> 0
  return Math.max(hash, 2)
}

/** What stands where a name was removed: the search for another name goes past it. */
const tombstone: Slot = { name: '', hash: 1 }

/** The order of slots in a GHashTable with string keys: open addressing, triangular probing, tombstones. */
export class GlibTable {
  #shift = smallestShift
  #slots: (Slot | undefined)[] = new Array(1 << smallestShift).fill(undefined)
  #live = 0
  /** Live slots and tombstones. */
  #occupied = 0

  /** Adds a name that is not there yet. */
  add(name: string): void {
    const slot = { name, hash: hashOf(name) }
    let index = this.#home(slot.hash)
    for (let step = 1; isTaken(this.#slots[index]); step++) index = (index + step) & (this.#slots.length - 1)
    const fresh = this.#slots[index] === undefined
    this.#slots[index] = slot
    this.#live++
    if (!fresh) return
    this.#occupied++
    if (this.#crowded()) this.#resize()
  }

  /** Removes a name; does nothing if it is not there. */
  remove(name: string): void {
    this.removeInPassing(name)
    const sparse = this.#slots.length > this.#live * 4 && this.#slots.length > 1 << smallestShift
    if (sparse || this.#crowded()) this.#resize()
  }

  /** Removes a name as who walks the table does: its size stays. */
  removeInPassing(name: string): void {
    const index = this.#slots.findIndex((slot) => isTaken(slot) && slot.name === name)
    if (index < 0) return
    this.#slots[index] = tombstone
    this.#live--
  }

  /** The names in the order in which GLib walks them. */
  names(): string[] {
    return this.#slots.filter(isTaken).map(({ name }) => name)
  }

  #home(hash: number): number {
    return (Math.imul(hash, 11) >>> 0) % primes[this.#shift]!
  }

  #crowded(): boolean {
    return this.#slots.length <= this.#occupied + (this.#occupied >> 4)
  }

  /** Rebuilds the table in place, as GLib does: each slot that is moved may push out another. */
  #resize(): void {
    const old = this.#slots
    this.#shift = Math.max(Math.floor(this.#live * 1.333).toString(2).length, smallestShift)
    if (Math.floor(this.#live * 1.333) === 0) this.#shift = smallestShift
    const size = 1 << this.#shift
    const slots = old.map((slot) => (isTaken(slot) ? slot : undefined))
    while (slots.length < size) slots.push(undefined)
    const settled: boolean[] = new Array(Math.max(old.length, size)).fill(false)
    for (let start = 0; start < old.length; start++) {
      let moving = settled[start] === true ? undefined : slots[start]
      if (moving === undefined) continue
      slots[start] = undefined
      while (moving !== undefined) {
        let index = this.#home(moving.hash)
        for (let step = 1; settled[index] === true; step++) index = (index + step) & (size - 1)
        settled[index] = true
        const evicted: Slot | undefined = slots[index]
        slots[index] = moving
        moving = evicted
      }
    }
    slots.length = size
    this.#slots = slots
    this.#occupied = this.#live
  }
}

function isTaken(slot: Slot | undefined): slot is Slot {
  return slot !== undefined && slot !== tombstone
}

/**
 * The member that QEMU names when several are unexpected: the first one left in a GHashTable that was filled in QDict
 * order and from which the known ones were taken.
 *
 * @param names all members, in the order in which they came
 * @param known the members that the schema knows, in the schema's order; those that are not among `names` are ignored
 */
export function firstStranger(names: readonly string[], known: readonly string[]): string | undefined {
  const table = new GlibTable()
  for (const name of qdictOrder(names)) table.add(name)
  for (const name of known) table.remove(name)
  return table.names()[0]
}
