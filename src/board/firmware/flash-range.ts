/** A flash chip: its name, where it is, and its size. */
export interface FlashRange {
  readonly name: string
  readonly address: number
  readonly bytes: number
}
