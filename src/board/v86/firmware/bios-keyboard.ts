import type { GuestMemory } from '../memory/guest-memory.ts'

/** Where the interrupt table has the segment of the handler of the keyboard's interrupt, and the segment of the BIOS. */
const handlerSegment = 0x26
const biosSegment = 0xf000
/** BIOS data area: next key to be read, next place to write, begin and end of the buffer, all relative to 0x400. */
const [head, tail, begin, end] = [0x41a, 0x41c, 0x480, 0x482]
const dataArea = 0x400
const usualBegin = 0x1e
/**
 * A buffer in which nothing has moved for so long is what the BIOS has left behind: an operating system reads the
 * keyboard itself. In milliseconds of the guest's time.
 */
const abandonedMs = 10_000

/** What the BIOS keeps of the keys that it has read from the keyboard: 15 of them; it loses what comes then. */
export class BiosKeyboard {
  readonly #memory: Pick<GuestMemory, 'ram'>
  readonly #now: () => number
  #pointers = ''
  #since = 0

  constructor(memory: Pick<GuestMemory, 'ram'>, now: () => number) {
    this.#memory = memory
    this.#now = now
  }

  /** How many keys no program has taken yet. */
  get waiting(): number {
    return this.#look()?.waiting ?? 0
  }

  /** How many keys the BIOS has room for; without a bound while it does not serve the keyboard. */
  get room(): number {
    return this.#look()?.room ?? Number.POSITIVE_INFINITY
  }

  /** undefined if it does not serve the keyboard. */
  #look(): { waiting: number; room: number } | undefined {
    const { ram } = this.#memory
    const word = (address: number): number => ram[address]! | (ram[address + 1]! << 8)
    if (word(handlerSegment) !== biosSegment) return undefined
    const bounds = [word(begin), word(end)] as const
    const size = bounds[1] - bounds[0]
    const [from, to] = [word(head) - bounds[0], word(tail) - bounds[0]]
    const sensible = bounds[0] >= usualBegin && dataArea + bounds[1] <= 0x500 && size >= 4
    if (!sensible || [size, from, to].some((value) => value % 2 !== 0 || value < 0 || value > size)) return undefined
    const waiting = ((to - from + size) % size) / 2
    return waiting > 0 && this.#abandoned(`${from} ${to}`) ? undefined : { waiting, room: size / 2 - 1 - waiting }
  }

  #abandoned(pointers: string): boolean {
    const now = this.#now()
    if (pointers !== this.#pointers) {
      this.#pointers = pointers
      this.#since = now
    }
    return now - this.#since > abandonedMs
  }
}
