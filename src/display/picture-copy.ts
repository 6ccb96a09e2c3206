import type { Picture, PictureChanges } from './console.ts'

const pixelBytes = 3

/** A console's picture as a viewer rebuilds it from what it is told. */
export class PictureCopy implements Picture {
  width = 0
  height = 0
  rgb = new Uint8Array(0)

  /** Applies what a `ScreenFeed` tells; changes have to come in order, and the first must be whole. */
  apply({ width, height, whole, rectangles }: PictureChanges): void {
    if (whole) {
      this.width = width
      this.height = height
      this.rgb = new Uint8Array(width * height * pixelBytes)
    }
    for (const { x, y, width: across, height: down, rgb } of rectangles) {
      for (let row = 0; row < down; row++) {
        const line = rgb.subarray(row * across * pixelBytes, (row + 1) * across * pixelBytes)
        this.rgb.set(line, ((y + row) * this.width + x) * pixelBytes)
      }
    }
  }
}
