import type { GuestInput } from './guest-input.ts'
import type { InputButton, PointerEvent } from './input-event.ts'

/** The greatest place on an axis. */
const greatest = 0x7fff

/** One person's pointer: what it does to the guest's, and which buttons are held. */
export class GuestPointer {
  readonly #input: GuestInput
  /** In the order of their bits. */
  readonly #buttons: readonly InputButton[]
  #held = 0

  /** @param buttons - what the bits of `held` mean, from the lowest */
  constructor(input: GuestInput, buttons: readonly InputButton[]) {
    this.#input = input
    this.#buttons = buttons
  }

  /** It is at a place of a picture. */
  moveTo(
    held: number,
    { x, y }: { readonly x: number; readonly y: number },
    { width, height }: { readonly width: number; readonly height: number },
  ): void {
    this.#report(held, [
      { type: 'abs', axis: 'x', value: scaled(x, width) },
      { type: 'abs', axis: 'y', value: scaled(y, height) },
    ])
  }

  /** It has moved; undefined if nobody knows how far. */
  moveBy(held: number, distance: { readonly x: number; readonly y: number } | undefined): void {
    this.#report(
      held,
      distance === undefined
        ? []
        : [
            { type: 'rel', axis: 'x', value: distance.x },
            { type: 'rel', axis: 'y', value: distance.y },
          ],
    )
  }

  /** Buttons have gone down or up. */
  press(held: number): void {
    this.#report(held, [])
  }

  /** Nothing stays pressed. */
  release(): void {
    if (this.#held !== 0) this.#report(0, [])
  }

  #report(held: number, moves: readonly PointerEvent[]): void {
    const events: PointerEvent[] = []
    for (const [bit, button] of this.#buttons.entries()) {
      if (((held ^ this.#held) >> bit) & 1) events.push({ type: 'btn', button, down: ((held >> bit) & 1) === 1 })
    }
    this.#held = held
    this.#input.pointer([...events, ...moves])
  }
}

function scaled(place: number, size: number): number {
  return size < 1 ? Math.floor(greatest / 2) : Math.floor((Math.min(place, size) * greatest) / size)
}
