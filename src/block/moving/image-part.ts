/** A range of an image and what is in it. */
export interface ImagePart {
  readonly offset: number
  readonly length: number
  /** Undefined for zeroes. */
  readonly bytes: Uint8Array | undefined
}
