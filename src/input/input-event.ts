import type { QKeyCode } from './q-key-code.ts'

/** Something that is done to an input device (QAPI `InputEvent`), keys as `keyNumber` numbers them. */
export type InputEvent =
  | {
      readonly type: 'key'
      readonly key: number
      /** As it was named, where it was: not all that have a name have a number. */
      readonly name?: QKeyCode
      readonly down: boolean
    }
  | PointerEvent

/** The same without keys: what is done to a pointing device. */
export type PointerEvent =
  | { readonly type: 'btn'; readonly button: InputButton; readonly down: boolean }
  | { readonly type: 'rel' | 'abs'; readonly axis: InputAxis; readonly value: number }

export type InputKind = InputEvent['type']

export const inputAxes = ['x', 'y'] as const
export type InputAxis = (typeof inputAxes)[number]

/** In the order of the QAPI schema. */
export const inputButtons = [
  'left',
  'middle',
  'right',
  'wheel-up',
  'wheel-down',
  'side',
  'extra',
  'wheel-left',
  'wheel-right',
] as const
export type InputButton = (typeof inputButtons)[number]
