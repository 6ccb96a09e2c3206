import type { PointerEvent } from './input-event.ts'

/** The guest's keyboard and pointing devices, as somebody who looks at its screen uses them. */
export interface GuestInput {
  /**
   * A key goes down or up, by its number: the scan code of set 1, plus 0x80 with the prefix 0xE0.
   *
   * @returns false if nothing is felt of it, as the guest stands still
   */
  key(key: number, down: boolean): boolean
  /** All of it is one report. */
  pointer(events: readonly PointerEvent[]): void
  /** Whether the guest's pointing device takes places, rather than movements. */
  readonly absolute: boolean
  /** Lamps of the guest's keyboard that are lit: Scroll Lock, Num Lock and Caps Lock are bits 0, 1 and 2. */
  readonly leds: number
  /** Calls `listener` when any of that may have changed; the result ends it. */
  onChange(listener: () => void): () => void
}
