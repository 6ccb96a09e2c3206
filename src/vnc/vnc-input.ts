import { type InputButton, keyNumber, type PointerEvent } from '../input/index.ts'
import { Led } from '../rfb/index.ts'
import type { Keymap } from './keymap.ts'

/** The guest's keyboard and pointing devices. */
export interface VncInput {
  /** A key goes down or up, by its number: the scan code of set 1, plus 0x80 with the prefix 0xE0. */
  key(key: number, down: boolean): void
  /** All of it is one report. */
  pointer(events: readonly PointerEvent[]): void
  /** Whether the guest's pointing device takes places, rather than movements. */
  readonly absolute: boolean
  /** Lamps of the guest's keyboard that are lit, as `Led` has their bits. */
  readonly leds: number
  /** Calls `listener` when any of that may have changed; the result ends it. */
  onChange(listener: () => void): () => void
}

/** In the order of their bits. */
const buttons: readonly InputButton[] = [
  ...(['left', 'middle', 'right', 'wheel-up', 'wheel-down', 'wheel-left', 'wheel-right', 'side', 'extra'] as const),
]
const greatest = 0x7fff
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
  readonly #input: VncInput
  readonly #keys: ViewerKeys
  readonly #down = new Map<number, number>()
  #buttons = 0
  #last: { readonly x: number; readonly y: number } | undefined

  /** Locks as this client's keys and the guest's lamps have them. */
  #locks: number
  readonly #release: () => void

  constructor(input: VncInput, keys: ViewerKeys) {
    this.#input = input
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
    if (down && key === capsLock) this.#locks ^= Led.capsLock
    if (down && key === numLock) this.#locks ^= Led.numLock
    if (down && this.#keys.lockKeySync) this.#agreeOnLocks(keysym, key)
    this.#input.key(key, down)
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
    this.#locks ^= lock
    this.#input.key(key, true)
    this.#input.key(key, false)
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
    const events: PointerEvent[] = []
    for (const [bit, button] of buttons.entries()) {
      if (((mask ^ this.#buttons) >> bit) & 1) events.push({ type: 'btn', button, down: ((mask >> bit) & 1) === 1 })
    }
    this.#buttons = mask
    if (this.#input.absolute) {
      events.push({ type: 'abs', axis: 'x', value: scaled(x, size.width) })
      events.push({ type: 'abs', axis: 'y', value: scaled(y, size.height) })
    } else {
      const from = relative ? { x: middle, y: middle } : this.#last
      if (from !== undefined) {
        events.push({ type: 'rel', axis: 'x', value: x - from.x })
        events.push({ type: 'rel', axis: 'y', value: y - from.y })
      }
      if (!relative) this.#last = { x, y }
    }
    this.#input.pointer(events)
  }

  /** The client is gone: nothing stays pressed. */
  release(): void {
    this.#release()
    for (const key of [...this.#down.values()].reverse()) this.#input.key(key, false)
    this.#down.clear()
    const held = buttons.filter((_, bit) => (this.#buttons >> bit) & 1)
    if (held.length > 0) this.#input.pointer(held.map((button) => ({ type: 'btn', button, down: false })))
    this.#buttons = 0
  }

  #keyOf(keysym: number, keycode: number | undefined): number | undefined {
    if (keycode !== undefined && !this.#keys.byKeysym) return keycode <= greatestKey ? keycode : undefined
    return this.#keys.keymap.keyOf(keysym, new Set(this.#down.values()))
  }
}

function scaled(place: number, size: number): number {
  return size < 1 ? Math.floor(greatest / 2) : Math.floor((place * greatest) / size)
}
