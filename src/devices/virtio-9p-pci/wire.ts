/** A message of the guest's, which wants an answer. */
export type FromFolder =
  | { readonly type: 'asked'; readonly id: number; readonly message: Uint8Array }
  /** The driver has gone: it names nothing any more. */
  | { readonly type: 'reset' }

export type ToFolder = {
  readonly id: number
  readonly answer: Uint8Array
  /** Whether the guest has mounted the folder. */
  readonly inUse: boolean
}
