import type { InputButton, PointerEvent } from '../input/index.ts'
import type { Keymap } from './keymap.ts'

/** The guest's keyboard and pointing devices. */
export interface VncInput {
  /** A key goes down or up, by its number: the scan code of set 1, plus 0x80 with the prefix 0xE0. */
  key(key: number, down: boolean): void
  /** All of it is one report. */
  pointer(events: readonly PointerEvent[]): void
  /** Whether the guest's pointing device takes places, rather than movements. */
  readonly absolute: boolean
  /** Calls `listener` when that may have changed; the result ends it. */
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

/** What one client's keyboard and mouse do to the guest. */
export class ViewerInput {
  readonly #input: VncInput
  readonly #keymap: Keymap
  /** The layout is the server's: what number the viewer has for a key says nothing. */
  readonly #byKeysym: boolean
  readonly #down = new Map<number, number>()
  #buttons = 0
  #last: { readonly x: number; readonly y: number } | undefined

  constructor(input: VncInput, keymap: Keymap, byKeysym: boolean) {
    this.#input = input
    this.#keymap = keymap
    this.#byKeysym = byKeysym
  }

  /** @param keycode - the key by its number, if the client tells it */
  key(down: boolean, keysym: number, keycode: number | undefined): void {
    const held = this.#down.get(keysym)
    const key = !down && held !== undefined ? held : this.#keyOf(keysym, keycode)
    if (key === 0 || key === undefined) return
    if (down) this.#down.set(keysym, key)
    else this.#down.delete(keysym)
    this.#input.key(key, down)
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
    for (const key of [...this.#down.values()].reverse()) this.#input.key(key, false)
    this.#down.clear()
    const held = buttons.filter((_, bit) => (this.#buttons >> bit) & 1)
    if (held.length > 0) this.#input.pointer(held.map((button) => ({ type: 'btn', button, down: false })))
    this.#buttons = 0
  }

  #keyOf(keysym: number, keycode: number | undefined): number | undefined {
    if (keycode !== undefined && !this.#byKeysym) return keycode <= greatestKey ? keycode : undefined
    return this.#keymap.keyOf(keysym, new Set(this.#down.values()))
  }
}

function scaled(place: number, size: number): number {
  return size < 1 ? Math.floor(greatest / 2) : Math.floor((place * greatest) / size)
}
