/** What the guest has written: 8, 16 or 32 bits. */
export interface Written {
  readonly value: number
}
