/** Pixels in rows from the top, 3 bytes each: red, green, blue. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly rgb: Uint8Array
}

/** One output of a display device, and the source of its pictures. */
export interface Console {
  /** Id of the display device; undefined if the configuration gave it none. */
  readonly device?: string | undefined
  /** Which output of its device this is, from 0. */
  readonly head: number
  /** The picture as it is now. */
  capture(): Promise<Picture>
}
