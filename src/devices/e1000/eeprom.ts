import { eeprom } from './registers.ts'

const words = 64
const addressBits = 6
const checksumTotal = 0xbaba
/** A start bit and the two bits of the one command that is understood. */
const readCommand = 0b110

/** The card's EEPROM of 64 words, as a chip on three wires (Microwire) or by a register. Nothing can be written to it. */
export class Eeprom {
  readonly #words = new Uint16Array(words)
  #wires = 0
  /** Bits that have come since it was selected, and how many. */
  #shifted = 0
  #bits = 0
  /** Where it reads, in bits; undefined while nothing was asked. */
  #reading: number | undefined

  constructor(mac: Uint8Array, deviceId: number) {
    for (let at = 0; at < 3; at++) this.#words[at] = mac[2 * at]! | (mac[2 * at + 1]! << 8)
    // Interrupts, subsystem and device as the configuration space has them; autonegotiation of everything.
    this.#words.set([0xffff, 0, 0, 0, 0, 0x3000, 0x6403, 0x1100, 0x1af4, deviceId, 0x8086, 0x3040], 4)
    const sum = this.#words.reduce((total, word) => total + word, 0)
    this.#words[words - 1] = checksumTotal - sum
  }

  word(address: number): number {
    return this.#words[address] ?? 0
  }

  /** What the control register reads as. */
  get wires(): number {
    return this.#wires | eeprom.present | eeprom.grant | (this.#output() ? eeprom.output : 0)
  }

  set wires(value: number) {
    const before = this.#wires
    this.#wires = value & (eeprom.clock | eeprom.select | eeprom.input | eeprom.request)
    if ((value & eeprom.select) === 0) return
    if ((before & eeprom.select) === 0) {
      this.#shifted = 0
      this.#bits = 0
      this.#reading = undefined
    }
    const rises = (value & eeprom.clock) !== 0 && (before & eeprom.clock) === 0
    const falls = (value & eeprom.clock) === 0 && (before & eeprom.clock) !== 0
    if (falls && this.#reading !== undefined) this.#reading++
    if (!rises || this.#reading !== undefined) return
    this.#shifted = ((this.#shifted << 1) | (value & eeprom.input ? 1 : 0)) & 0xffff
    // What comes before the start bit does not count.
    if (this.#bits === 0 && this.#shifted === 0) return
    this.#bits++
    if (this.#bits === 3 + addressBits && this.#shifted >> addressBits === readCommand)
      this.#reading = (this.#shifted & (words - 1)) * 16 - 1
  }

  save(): unknown {
    return [this.#wires, this.#shifted, this.#bits, this.#reading ?? null]
  }

  restore(state: unknown): void {
    const [wires, shifted, bits, reading] = state as [number, number, number, number | null]
    this.#wires = wires
    this.#shifted = shifted
    this.#bits = bits
    this.#reading = reading ?? undefined
  }

  #output(): boolean {
    const at = this.#reading
    if (at === undefined || at < 0) return false
    return ((this.word((at >> 4) & (words - 1)) >> (15 - (at & 15))) & 1) !== 0
  }
}
