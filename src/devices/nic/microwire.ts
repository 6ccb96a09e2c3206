const wordCount = 64
const addressBits = 6
/** A start bit and the two bits of the one command that is understood. */
const readCommand = 0b110

export interface Wires {
  readonly select: boolean
  readonly clock: boolean
  readonly input: boolean
}

/** What has come in, how many bits of it, and where it reads, in bits. */
export type MicrowireState = readonly [shifted: number, bits: number, reading: number | null]

/** A chip of 64 words on three wires (93C46, Microwire). Nothing can be written to it. */
export class Microwire {
  readonly words: Uint16Array
  #before: Wires = { select: false, clock: false, input: false }
  /** Bits that have come since it was selected, and how many. */
  #shifted = 0
  #bits = 0
  /** Where it reads, in bits; undefined while nothing was asked. */
  #reading: number | undefined

  constructor(words: Uint16Array) {
    this.words = words
  }

  /** What the wire is that it drives itself. */
  get output(): boolean {
    const at = this.#reading
    if (at === undefined || at < 0) return false
    return ((this.words[(at >> 4) & (wordCount - 1)]! >> (15 - (at & 15))) & 1) !== 0
  }

  drive(wires: Wires): void {
    const before = this.#before
    this.#before = wires
    if (!wires.select) return
    if (!before.select) {
      this.#shifted = 0
      this.#bits = 0
      this.#reading = undefined
    }
    const [rises, falls] = [wires.clock && !before.clock, !wires.clock && before.clock]
    if (falls && this.#reading !== undefined) this.#reading++
    if (!rises || this.#reading !== undefined) return
    this.#shifted = ((this.#shifted << 1) | (wires.input ? 1 : 0)) & 0xffff
    // What comes before the start bit does not count.
    if (this.#bits === 0 && this.#shifted === 0) return
    this.#bits++
    if (this.#bits === 3 + addressBits && this.#shifted >> addressBits === readCommand)
      this.#reading = (this.#shifted & (wordCount - 1)) * 16 - 1
  }

  save(): MicrowireState {
    return [this.#shifted, this.#bits, this.#reading ?? null]
  }

  restore([shifted, bits, reading]: MicrowireState, wires: Wires): void {
    this.#before = wires
    this.#shifted = shifted
    this.#bits = bits
    this.#reading = reading ?? undefined
  }
}
