/** Of the MDI control register. */
const mdi = { write: 1 << 26, read: 1 << 27, ready: 1 << 28, interrupt: 1 << 29, error: 1 << 30 } as const
const onlyPhy = 1
const registers = 32

/** Registers of the transceiver (IEEE 802.3, 22.2.4; Marvell 88E1000), as they are when it has been reset. */
const initial: readonly (readonly [number, number])[] = [
  ...([
    [0, 0x1140],
    [1, 0x7949],
    [2, 0x0141],
    [3, 0x0c20],
    [4, 0x0de1],
    [5, 0x01e0],
  ] as const),
  ...([
    [9, 0x0e00],
    [10, 0x3c00],
    [15, 0x3000],
    [16, 0x0360],
    [17, 0xac00],
    [20, 0x0d60],
  ] as const),
]
const writable = new Set([0, 4, 9, 16, 18, 20, 29, 30])
const controlReset = 0x8000
const controlNegotiate = 0x0200
const statusLink = 0x0004
const statusNegotiated = 0x0020
const specificLink = 0x0400

/** The transceiver that the card speaks to its cable with. */
export class Phy {
  readonly #registers = new Uint16Array(registers)

  constructor() {
    this.reset()
  }

  reset(): void {
    this.#registers.fill(0)
    for (const [index, value] of initial) this.#registers[index] = value
  }

  /**
   * What a word in the MDI control register does.
   *
   * @returns how the register reads then, whether the guest wants to hear of it, and whether the link is found out anew
   */
  access(
    word: number,
    linkUp: boolean,
  ): { readonly word: number; readonly interrupts: boolean; readonly negotiates: boolean } {
    const index = (word >> 16) & (registers - 1)
    const interrupts = (word & mdi.interrupt) !== 0
    const answer = { word: word | mdi.ready, interrupts, negotiates: false }
    if (((word >> 21) & 31) !== onlyPhy) return { ...answer, word: word | mdi.ready | mdi.error }
    if (word & mdi.read) return { ...answer, word: ((word & ~0xffff) | this.#read(index, linkUp) | mdi.ready) >>> 0 }
    if (word & mdi.write) return { ...answer, negotiates: this.#write(index, word & 0xffff) }
    return answer
  }

  save(): number[] {
    return [...this.#registers]
  }

  restore(state: readonly number[]): void {
    this.#registers.set(state.slice(0, registers))
  }

  #read(index: number, linkUp: boolean): number {
    const value = this.#registers[index]!
    if (index === 1) return linkUp ? value | statusLink | statusNegotiated : value
    if (index === 17) return linkUp ? value : value & ~specificLink
    return value
  }

  #write(index: number, value: number): boolean {
    if (!writable.has(index)) return false
    if (index !== 0) {
      this.#registers[index] = value
      return false
    }
    if (value & controlReset) this.reset()
    else this.#registers[0] = value & ~controlNegotiate & 0x3fff
    return (value & (controlReset | controlNegotiate)) !== 0
  }
}
