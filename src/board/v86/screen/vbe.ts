import type { Picture } from '../../board.ts'
import { dacColours } from './palette.ts'
import { virtualWidth } from './vbe-virtual-width.ts'
import type { PictureMemory, VgaDevice } from './vga-device.ts'

/** Widens the pixels of a line, as far as it has any, to 3 bytes each. */
type Widen = (pixels: Uint8Array, rgb: Uint8Array) => void

/**
 * Draws a mode of the Bochs VBE extensions: 8 bits through the DAC; 15 bits widened with zeros and 16 bits by
 * repeating their upper bits, as QEMU's library has it; 24 and 32 bits as they are (blue, green, red, and nothing).
 *
 * @param ram - the linear framebuffer; what lies beyond it is drawn black
 */
export function drawVbe(vga: VgaDevice, ram: Uint8Array, memoryFor: PictureMemory): Picture {
  const { svga_width: width, svga_height: height, svga_bpp: depth } = vga
  const pixelBytes = (depth + 7) >> 3
  const lineBytes = virtualWidth(vga) * pixelBytes
  // The extensions count the begin of the picture in 4 bytes, whatever the depth.
  const offset = vga.svga_offset_y * lineBytes + vga.svga_offset_x * pixelBytes
  const start = offset - (offset % 4)
  const widen = widenFrom(depth, vga)
  const rgb = memoryFor(width * height * 3)
  for (let y = 0; y < height; y++) {
    const from = start + y * lineBytes
    widen(ram.subarray(from, from + width * pixelBytes), rgb.subarray(y * width * 3, (y + 1) * width * 3))
  }
  return { width, height, rgb }
}

function widenFrom(depth: number, vga: VgaDevice): Widen {
  if (depth <= 8) return widenIndexed(dacColours(vga))
  if (depth === 15) return widen15
  if (depth === 16) return widen16
  return widenTrue((depth + 7) >> 3)
}

function widenIndexed(colours: Uint32Array): Widen {
  return (pixels, rgb) => {
    let at = 0
    for (const pixel of pixels) {
      const colour = colours[pixel]!
      rgb[at++] = colour >> 16
      rgb[at++] = colour >> 8
      rgb[at++] = colour
    }
  }
}

function widen15(pixels: Uint8Array, rgb: Uint8Array): void {
  for (let i = 0, at = 0; i + 1 < pixels.length; i += 2) {
    const pixel = pixels[i]! | (pixels[i + 1]! << 8)
    rgb[at++] = (pixel >> 7) & 0xf8
    rgb[at++] = (pixel >> 2) & 0xf8
    rgb[at++] = (pixel << 3) & 0xf8
  }
}

function widen16(pixels: Uint8Array, rgb: Uint8Array): void {
  for (let i = 0, at = 0; i + 1 < pixels.length; i += 2) {
    const pixel = pixels[i]! | (pixels[i + 1]! << 8)
    const red = pixel >> 11
    const green = (pixel >> 5) & 0x3f
    const blue = pixel & 0x1f
    rgb[at++] = (red << 3) | (red >> 2)
    rgb[at++] = (green << 2) | (green >> 4)
    rgb[at++] = (blue << 3) | (blue >> 2)
  }
}

function widenTrue(pixelBytes: number): Widen {
  return (pixels, rgb) => {
    for (let i = 0, at = 0; i + 2 < pixels.length; i += pixelBytes) {
      rgb[at++] = pixels[i + 2]!
      rgb[at++] = pixels[i + 1]!
      rgb[at++] = pixels[i]!
    }
  }
}
