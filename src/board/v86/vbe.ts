import type { Picture } from '../board.ts'
import { dacColours } from './palette.ts'
import type { VgaDevice } from './vga-device.ts'

/**
 * Draws a mode of the Bochs VBE extensions: 8 bits through the DAC; 15 bits widened with zeros and 16 bits by
 * repeating their upper bits, as QEMU's library has it; 24 and 32 bits as they are (blue, green, red, and nothing).
 *
 * @param ram - the linear framebuffer; what lies beyond it is drawn black
 */
export function drawVbe(vga: VgaDevice, ram: Uint8Array): Picture {
  const { svga_width: width, svga_height: height, svga_bpp: depth } = vga
  const pixelBytes = (depth + 7) >> 3
  const lineBytes = width * pixelBytes
  // The extensions count the begin of the picture in 4 bytes, whatever the depth.
  const offset = vga.svga_offset_y * lineBytes + vga.svga_offset_x * pixelBytes
  const start = offset - (offset % 4)
  const pixels = ram.subarray(start, start + lineBytes * height)
  const rgb = new Uint8Array(width * height * 3)
  const count = Math.floor(pixels.length / pixelBytes)
  if (pixelBytes === 1) fillIndexed(rgb, pixels, count, dacColours(vga))
  else if (depth === 15) fill15(rgb, pixels, count)
  else if (depth === 16) fill16(rgb, pixels, count)
  else fillTrue(rgb, pixels, count, pixelBytes)
  return { width, height, rgb }
}

function fillIndexed(rgb: Uint8Array, pixels: Uint8Array, count: number, colours: Uint32Array): void {
  for (let i = 0, at = 0; i < count; i++) {
    const colour = colours[pixels[i]!]!
    rgb[at++] = colour >> 16
    rgb[at++] = colour >> 8
    rgb[at++] = colour
  }
}

function fill15(rgb: Uint8Array, pixels: Uint8Array, count: number): void {
  for (let i = 0, at = 0; i < count; i++) {
    const pixel = pixels[2 * i]! | (pixels[2 * i + 1]! << 8)
    rgb[at++] = (pixel >> 7) & 0xf8
    rgb[at++] = (pixel >> 2) & 0xf8
    rgb[at++] = (pixel << 3) & 0xf8
  }
}

function fill16(rgb: Uint8Array, pixels: Uint8Array, count: number): void {
  for (let i = 0, at = 0; i < count; i++) {
    const pixel = pixels[2 * i]! | (pixels[2 * i + 1]! << 8)
    const red = pixel >> 11
    const green = (pixel >> 5) & 0x3f
    const blue = pixel & 0x1f
    rgb[at++] = (red << 3) | (red >> 2)
    rgb[at++] = (green << 2) | (green >> 4)
    rgb[at++] = (blue << 3) | (blue >> 2)
  }
}

function fillTrue(rgb: Uint8Array, pixels: Uint8Array, count: number, pixelBytes: number): void {
  for (let i = 0, at = 0; i < count; i++) {
    const from = i * pixelBytes
    rgb[at++] = pixels[from + 2]!
    rgb[at++] = pixels[from + 1]!
    rgb[at++] = pixels[from]!
  }
}
