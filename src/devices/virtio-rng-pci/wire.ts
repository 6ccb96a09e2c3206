/** So many random bytes are wanted. */
export interface Wanted {
  readonly count: number
}

/** Here they are; fewer only if the source has failed. */
export interface Given {
  readonly bytes: Uint8Array
}
