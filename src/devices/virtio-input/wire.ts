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
  /** It has lit a lamp, or has put it out. */
  | { readonly type: 'lamp'; readonly lamp: number; readonly lit: boolean }
