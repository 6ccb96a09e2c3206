/** Pixels in rows from the top, 3 bytes each: red, green, blue. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly rgb: Uint8Array
}

/** What a text mode says. */
export interface TextScreen {
  readonly columns: number
  readonly rows: number
  /** Characters, one string a row, `columns` long. */
  readonly lines: readonly string[]
  readonly cursor: { readonly row: number; readonly column: number; readonly visible: boolean }
}

/** One output of a display device, and the source of its pictures. */
export interface Console {
  /** Id of the display device; undefined if the configuration gave it none. */
  readonly device?: string | undefined
  /** Which output of its device this is, from 0. */
  readonly head: number
  /** The picture as it is now. */
  capture(): Promise<Picture>
  /** What it says as it is now; undefined while it shows graphics, or nothing. */
  text(): Promise<TextScreen | undefined>
}
