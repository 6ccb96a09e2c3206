/** What happened, in Linux's numbers: a kind of event, which one of that kind, and its value. */
export type InputTuple = readonly [type: number, code: number, value: number]

/** Events that belong together; the guest gets all of them or none. */
export interface Report {
  readonly events: readonly InputTuple[]
}

/** From the side that the guest sees: */
export type FromInput =
  /** A driver has come, or has gone. */
  | { readonly type: 'active'; readonly active: boolean }
  /** Which lamps are lit, of those that the driver has said something of: both as bits of `InputHandlers.leds`. */
  | { readonly type: 'lamps'; readonly said: number; readonly lit: number }
