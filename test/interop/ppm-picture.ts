/** A picture as a PPM file has it: 3 bytes a pixel, rows from the top. */
export interface PpmPicture {
  readonly width: number
  readonly height: number
  readonly rgb: Uint8Array
}

export function parsePpm(file: Uint8Array): PpmPicture {
  const header = /^P6\n(\d+) (\d+)\n255\n/.exec(Buffer.from(file.subarray(0, 32)).toString('latin1'))
  if (header === null) throw new Error('not a PPM file as QEMU writes it')
  const width = Number(header[1])
  const height = Number(header[2])
  const rgb = file.subarray(header[0].length)
  if (rgb.length !== width * height * 3) throw new Error(`${rgb.length} bytes for ${width}x${height} pixels`)
  return { width, height, rgb }
}

export interface Rectangle {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/**
 * The smallest rectangle that holds all pixels in which two pictures of one size differ, edges included; undefined if
 * they are equal.
 */
export function difference(one: PpmPicture, other: PpmPicture): Rectangle | undefined {
  if (one.width !== other.width || one.height !== other.height) {
    throw new Error(`${one.width}x${one.height} and ${other.width}x${other.height} pixels`)
  }
  let area: Rectangle | undefined
  for (let i = 0; i < one.rgb.length; i++) {
    if (one.rgb[i] === other.rgb[i]) continue
    const x = Math.floor(i / 3) % one.width
    const y = Math.floor(i / 3 / one.width)
    area = {
      left: Math.min(area?.left ?? x, x),
      top: Math.min(area?.top ?? y, y),
      right: Math.max(area?.right ?? x, x),
      bottom: Math.max(area?.bottom ?? y, y),
    }
  }
  return area
}

/** Whether one picture is somewhere in the other: a window on a screen. */
export function contains(screen: PpmPicture, picture: PpmPicture): boolean {
  return placeOf(screen, picture) !== undefined
}

/** Where one picture is in the other: its upper left corner; undefined if it is not there. */
export function placeOf(screen: PpmPicture, picture: PpmPicture): { x: number; y: number } | undefined {
  // Rows of one colour are everywhere.
  const marked = Array.from({ length: picture.height }, (_, y) => y).reduce((most, y) =>
    changesIn(rowOf(picture, y)) > changesIn(rowOf(picture, most)) ? y : most,
  )
  const wanted = rowOf(picture, marked)
  for (let y = marked; y + picture.height - marked <= screen.height; y++) {
    const at = rowOf(screen, y).indexOf(wanted)
    if (at >= 0 && at % 3 === 0 && stands(screen, picture, { at, top: y - marked })) return { x: at / 3, y: y - marked }
  }
  return undefined
}

function stands(screen: PpmPicture, picture: PpmPicture, { at, top }: { at: number; top: number }): boolean {
  for (let y = 0; y < picture.height; y++) {
    const there = rowOf(screen, top + y).subarray(at, at + 3 * picture.width)
    if (!there.equals(rowOf(picture, y))) return false
  }
  return true
}

function rowOf({ width, rgb }: PpmPicture, y: number): Buffer {
  return Buffer.from(rgb.buffer, rgb.byteOffset + 3 * width * y, 3 * width)
}

function changesIn(row: Buffer): number {
  let changes = 0
  for (let at = 3; at < row.length; at++) if (row[at] !== row[at - 3]) changes++
  return changes
}
