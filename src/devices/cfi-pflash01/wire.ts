/** What the guest finds of a flash chip. */
export interface FlashShape {
  /** Where it is in memory. */
  readonly address: number
  /** All that it holds, in whole blocks of 4 KiB. */
  readonly contents: Uint8Array
  readonly readOnly: boolean
}

/** From the side that the guest sees: what has changed, in whole sectors of 512 bytes. The next comes when these are kept. */
export interface Changed {
  readonly pieces: readonly { readonly offset: number; readonly bytes: Uint8Array }[]
}

/** To it: what was sent is in the image, or was tried to be. */
export type Kept = 'kept'
