import { keyNumber } from './q-key-code.ts'

const prefix = 0xe0
const released = 0x80

const ctrl = [keyNumber('ctrl'), keyNumber('ctrl_r')] as const
const shift = [keyNumber('shift'), keyNumber('shift_r')] as const
const alt = keyNumber('alt')
const altRight = keyNumber('alt_r')
const modifiers: ReadonlySet<number> = new Set([...ctrl, ...shift, alt, altRight])

const print = keyNumber('print')
const sysrq = keyNumber('sysrq')
const pause = keyNumber('pause')

/**
 * Turns keys that go down and up into the bytes that the guest reads from a PS/2 keyboard whose controller translates
 * to set 1 (the state in which a PC's firmware leaves it).
 *
 * It remembers which modifiers are down, because Print and Pause send other codes with them: Alt-Print is SysRq
 * (0x54), Ctrl-Pause is Break, and Print goes without its make-believe Shift while a real Shift or Ctrl is down.
 */
export class KeyboardEncoder {
  readonly #down = new Set<number>()

  /**
   * The bytes of one event.
   *
   * @param key - the key's number, as `keyNumber` gives it; 0 sends nothing
   */
  encode(key: number, isDown: boolean): number[] {
    if (modifiers.has(key)) {
      if (isDown) this.#down.add(key)
      else this.#down.delete(key)
    }
    if (key === 0) return []
    if (key === print || key === sysrq) return this.#print(isDown)
    if (key === pause) return this.#pause(isDown)
    return code(key, isDown)
  }

  /** All keys are up again. */
  reset(): void {
    this.#down.clear()
  }

  #print(isDown: boolean): number[] {
    const heldAlt = this.#down.has(alt) ? alt : this.#down.has(altRight) ? altRight : undefined
    if (heldAlt !== undefined) {
      // The keyboard lets go of Alt and takes it again around SysRq's code.
      const again = [...code(heldAlt, false), ...code(heldAlt, true)]
      return isDown ? [...again, ...code(sysrq, true)] : [...code(sysrq, false), ...again]
    }
    const shiftCode = 0xaa
    const withModifier = this.#holds(...shift, ...ctrl)
    if (withModifier) return code(print, isDown)
    return isDown
      ? [...code(shiftCode, true), ...code(print, true)]
      : [...code(print, false), ...code(shiftCode, false)]
  }

  /** Pause has no release: press and release are sent at once. */
  #pause(isDown: boolean): number[] {
    if (!isDown) return []
    if (this.#holds(...ctrl)) return [...code(pause, true), ...code(pause, false)]
    return [0xe1, 0x1d, 0x45, 0xe1, 0x1d | released, 0x45 | released]
  }

  #holds(...keys: number[]): boolean {
    return keys.some((key) => this.#down.has(key))
  }
}

/** A key's bytes by its number: bit 7 of the number asks for the prefix, bit 7 of the code says release. */
function code(key: number, isDown: boolean): number[] {
  const base = key & ~released
  const byte = isDown ? base : base | released
  return key & released ? [prefix, byte] : [byte]
}
