/** Bytes that the guest has sent, or that are for it, in order. */
export interface Sent {
  readonly bytes: Uint8Array
}

/** So many bytes of the other side have been taken. */
export interface Taken {
  readonly count: number
}
