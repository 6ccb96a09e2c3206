import { type GuestInput, GuestPointer, type InputButton, keyNumber } from '../input/index.ts'
import { Led } from '../rfb/index.ts'
import type { Keymap } from './keymap.ts'

/** In the order of their bits. */
const buttons: readonly InputButton[] = [
  ...(['left', 'middle', 'right', 'wheel-up', 'wheel-down', 'wheel-left', 'wheel-right', 'side', 'extra'] as const),
]
const middle = 0x7fff
/** A key's bit for the prefix; a keycode of more bits is no key. */
const greatestKey = 0xff

const capsLock = keyNumber('caps_lock')
const numLock = keyNumber('num_lock')
const shifts = [keyNumber('shift'), keyNumber('shift_r')] as const
/** Keys of the keypad that are other keys without Num Lock. */
const keypad = { first: keyNumber('kp_7'), last: keyNumber('kp_decimal') } as const
const keypadSigns = [keyNumber('kp_subtract'), keyNumber('kp_add')]
/** Keysyms that the keypad gives with Num Lock: KP_Separator, KP_Decimal, KP_0 to KP_9. */
const isNumeric = (keysym: number): boolean =>
  keysym === 0xffac || keysym === 0xffae || (keysym >= 0xffb0 && keysym <= 0xffb9)
const isUpper = (keysym: number): boolean => keysym >= 0x41 && keysym <= 0x5a
const isLower = (keysym: number): boolean => keysym >= 0x61 && keysym <= 0x7a

export interface ViewerKeys {
  readonly keymap: Keymap
  /** The layout is the server's: what number the viewer has for a key says nothing. */
  readonly byKeysym: boolean
  /** Locks of the guest's keyboard follow what the viewer types. */
  readonly lockKeySync: boolean
}

/** What one client's keyboard and mouse do to the guest. */
export class ViewerInput {
  readonly #input: GuestInput
  readonly #keys: ViewerKeys
  readonly #pointer: GuestPointer
  readonly #down = new Map<number, number>()
  #last: { readonly x: number; readonly y: number } | undefined

  /** Locks as the guest's lamps, and the keys of this client that it was given, have them. */
  #locks: number
  readonly #release: () => void

  constructor(input: GuestInput, keys: ViewerKeys) {
    this.#input = input
    this.#pointer = new GuestPointer(input, buttons)
    this.#keys = keys
    this.#locks = input.leds
    let leds = input.leds
    this.#release = input.onChange(() => {
      if (input.leds === leds) return
      leds = input.leds
      this.#locks = leds
    })
  }

  /** @param keycode - the key by its number, if the client tells it */
  key(down: boolean, keysym: number, keycode: number | undefined): void {
    const held = this.#down.get(keysym)
    const key = !down && held !== undefined ? held : this.#keyOf(keysym, keycode)
    if (key === 0 || key === undefined) return
    if (down) this.#down.set(keysym, key)
    else this.#down.delete(keysym)
    if (down && this.#keys.lockKeySync) this.#agreeOnLocks(keysym, key)
    this.#press(key, down)
  }

  #press(key: number, down: boolean): void {
    const felt = this.#input.key(key, down)
    if (!felt || !down) return
    if (key === capsLock) this.#locks ^= Led.capsLock
    if (key === numLock) this.#locks ^= Led.numLock
  }

  /** A lock was pressed where the guest has not seen it: it is pressed for the guest, before the key that shows it. */
  #agreeOnLocks(keysym: number, key: number): void {
    if (key >= keypad.first && key <= keypad.last && !keypadSigns.includes(key))
      this.#agree(Led.numLock, numLock, isNumeric(keysym))
    if (!isUpper(keysym) && !isLower(keysym)) return
    const held = new Set(this.#down.values())
    this.#agree(Led.capsLock, capsLock, isUpper(keysym) !== shifts.some((shift) => held.has(shift)))
  }

  #agree(lock: number, key: number, on: boolean): void {
    if (((this.#locks & lock) !== 0) === on) return
    this.#press(key, true)
    this.#press(key, false)
  }

  /**
   * @param relative - the client tells movements, from the middle of 65536
   * @param size - of the picture that the client has
   */
  pointer(
    { buttons: mask, x, y }: { buttons: number; x: number; y: number },
    relative: boolean,
    size: { width: number; height: number },
  ): void {
    if (this.#input.absolute) this.#pointer.moveTo(mask, { x, y }, size)
    else {
      const from = relative ? { x: middle, y: middle } : this.#last
      this.#pointer.moveBy(mask, from && { x: x - from.x, y: y - from.y })
      if (!relative) this.#last = { x, y }
    }
  }

  /** The client is gone: nothing stays pressed. */
  release(): void {
    this.#release()
    for (const key of [...this.#down.values()].reverse()) this.#input.key(key, false)
    this.#down.clear()
    this.#pointer.release()
  }

  #keyOf(keysym: number, keycode: number | undefined): number | undefined {
    if (keycode !== undefined && !this.#keys.byKeysym) return keycode <= greatestKey ? keycode : undefined
    return this.#keys.keymap.keyOf(keysym, new Set(this.#down.values()))
  }
}
