import { Microwire, type Wires } from '../nic/microwire.ts'
import { eeprom } from './registers.ts'

const words = 64
const checksumTotal = 0xbaba

/** The card's EEPROM of 64 words, as a chip on three wires or by a register. Nothing can be written to it. */
export class Eeprom {
  readonly #chip: Microwire
  #wires = 0

  constructor(mac: Uint8Array, deviceId: number) {
    const content = new Uint16Array(words)
    for (let at = 0; at < 3; at++) content[at] = mac[2 * at]! | (mac[2 * at + 1]! << 8)
    // Interrupts, subsystem and device as the configuration space has them; autonegotiation of everything.
    content.set([0xffff, 0, 0, 0, 0, 0x3000, 0x6403, 0x1100, 0x1af4, deviceId, 0x8086, 0x3040], 4)
    const sum = content.reduce((total, word) => total + word, 0)
    content[words - 1] = checksumTotal - sum
    this.#chip = new Microwire(content)
  }

  word(address: number): number {
    return this.#chip.words[address] ?? 0
  }

  /** What the control register reads as. */
  get wires(): number {
    return this.#wires | eeprom.present | eeprom.grant | (this.#chip.output ? eeprom.output : 0)
  }

  set wires(value: number) {
    this.#wires = value & (eeprom.clock | eeprom.select | eeprom.input | eeprom.request)
    this.#chip.drive(wiresOf(value))
  }

  save(): unknown {
    return [this.#wires, ...this.#chip.save()]
  }

  restore(state: unknown): void {
    const [wires, shifted, bits, reading] = state as [number, number, number, number | null]
    this.#wires = wires
    this.#chip.restore([shifted, bits, reading], wiresOf(wires))
  }
}

function wiresOf(value: number): Wires {
  return {
    select: (value & eeprom.select) !== 0,
    clock: (value & eeprom.clock) !== 0,
    input: (value & eeprom.input) !== 0,
  }
}
