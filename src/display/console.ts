/** Pixels in rows from the top, 3 bytes each: red, green, blue. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly rgb: Uint8Array
}

/** A part of a picture. */
export interface PictureRectangle extends Picture {
  readonly x: number
  readonly y: number
}

/** What a viewer has to paint to see the picture as it is now. */
export interface PictureChanges {
  /** Names this state of the picture: the next question is what has changed since. */
  readonly serial: number
  readonly width: number
  readonly height: number
  /** The viewer's picture has another size, or it has none: the one rectangle is all of it. */
  readonly whole: boolean
  readonly rectangles: readonly PictureRectangle[]
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
  /**
   * What has changed since the state that `serial` names; 0 names none, and gives all of it.
   *
   * @param patience - for how many milliseconds it may wait until something has changed, if nothing has; 0 if absent
   */
  changes(serial: number, patience?: number): Promise<PictureChanges>
  /** What it says as it is now; undefined while it shows graphics, or nothing. */
  text(): Promise<TextScreen | undefined>
}
