/** Bytes that the guest has written, in order. */
export interface Written {
  readonly bytes: Uint8Array
}

/** So many bytes have been passed on. */
export interface PassedOn {
  readonly count: number
}
