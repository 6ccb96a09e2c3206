import type { Picture } from '../board.ts'

const width = 640
const height = 480
const glyphWidth = 8
const glyphHeight = 16
const message = 'Guest has not initialized the display (yet).'
const grey = 0xaa

/** The font's first two glyphs: nothing, and the white smiling face. */
const fontBegin = Uint8Array.of(
  ...new Uint8Array(glyphHeight),
  ...[0x00, 0x00, 0x7e, 0x81, 0xa5, 0x81, 0x81, 0xbd, 0x99, 0x81, 0x81, 0x7e, 0x00, 0x00, 0x00, 0x00],
)

/**
 * What the screen shows until the guest sets its first mode: QEMU's message on black, 640x480.
 *
 * @param vgaBios - the letters are drawn with the 8x16 font inside this video BIOS; without one the picture stays black
 */
export function placeholderPicture(vgaBios: Uint8Array | undefined): Picture {
  const rgb = new Uint8Array(width * height * 3)
  const font = vgaBios === undefined ? -1 : indexOf(vgaBios, fontBegin)
  if (vgaBios !== undefined && font >= 0) {
    const left = Math.floor((width / glyphWidth - message.length) / 2) * glyphWidth
    const top = Math.floor((height / glyphHeight - 1) / 2) * glyphHeight
    for (const [index, letter] of [...message].entries()) {
      const glyph = vgaBios.subarray(font + letter.charCodeAt(0) * glyphHeight)
      drawGlyph(rgb, glyph, left + index * glyphWidth, top)
    }
  }
  return { width, height, rgb }
}

function drawGlyph(rgb: Uint8Array, glyph: Uint8Array, left: number, top: number): void {
  for (let y = 0; y < glyphHeight; y++) {
    for (let x = 0; x < glyphWidth; x++) {
      if (((glyph[y] ?? 0) >> (glyphWidth - 1 - x)) & 1) {
        const at = ((top + y) * width + left + x) * 3
        rgb.fill(grey, at, at + 3)
      }
    }
  }
}

function indexOf(bytes: Uint8Array, pattern: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(pattern)
}
