import type { Picture } from '../../board.ts'
import { attributeColours, dacColours } from './palette.ts'
import type { PictureMemory, VgaDevice } from './vga-device.ts'

const planeBytes = 0x10000

/** The 4 bytes, one of each plane, that the display fetches at once; called with its number. */
type Fetch = (index: number) => readonly [number, number, number, number]

/** Writes the pixels of one fetch as colours; returns how many. */
type Unpack = (bytes: readonly [number, number, number, number], into: Uint32Array, at: number) => number

/**
 * Draws the VGA's own graphics modes as QEMU does: 16 colours in planes, CGA's 4 and 2 colours, 256 colours (each
 * pixel twice as wide). Scan lines are repeated as the CRTC says, so that mode 13h is 640x400. Pixel panning is not
 * followed.
 */
export function drawPlanar(vga: VgaDevice, memoryFor: PictureMemory): Picture {
  const sourceWidth = (vga.horizontal_display_enable_end + 1) * 8
  const height = vga.vertical_display_enable_end + 1
  const shift = (vga.planar_mode >> 5) & 3
  const wide = shift < 2 && (vga.clocking_mode & 0x08) !== 0
  const width = wide ? sourceWidth * 2 : sourceWidth
  const unpack = shift >= 2 ? unpackBytes(vga) : shift === 1 ? unpackPairs(vga, wide) : unpackBits(vga, wide)
  const fetch = fetcher(vga)

  const rgb = memoryFor(width * height * 3)
  const line = new Uint32Array(width)
  let at = 0
  for (const start of scanLines(vga, height)) {
    for (let x = 0, index = start >> 2; x < width; index++) x += unpack(fetch(index), line, x)
    for (const colour of line) {
      rgb[at++] = colour >> 16
      rgb[at++] = colour >> 8
      rgb[at++] = colour
    }
  }
  return { width, height, rgb }
}

/**
 * Where each scan line begins, from the top, in bytes of memory whose four planes lie side by side (4 bytes a fetch).
 *
 * Lines may be repeated, wrapped into banks as CGA and Hercules have them, and begin again at 0 after the split line.
 */
function* scanLines(vga: VgaDevice, height: number): Generator<number> {
  const lineBytes = vga.offset_register * 8
  const doubled = vga.max_scan_line >> 7
  const bankMask = ~vga.crtc_mode & 3
  // Modes with CGA's banks make do with the doubling; the others repeat each line as often as a character is high.
  const repeats = bankMask & 1 ? doubled : (((vga.max_scan_line & 0x1f) + 1) << doubled) - 1
  const bankBit = 14 + ((vga.crtc_mode >> 6) & 1)
  let base = vga.start_address * 4
  let repeat = repeats
  for (let y = 0, row = 0; y < height; y++) {
    let start = base
    if (bankMask & 1) start = (start & ~(1 << bankBit)) | ((row & 1) << bankBit)
    if (bankMask & 2) start = (start & ~0x8000) | ((row & 2) << 14)
    yield start
    if (repeat > 0) repeat--
    else {
      if ((row & bankMask) === bankMask) base += lineBytes
      row++
      repeat = repeats
    }
    if (y === vga.line_compare) base = 0
  }
}

/**
 * Reads v86's planes. What the display fetches with number n lies at n, 2n or 4n in each plane, after the guest's
 * writes were spread by odd and even, or over four addresses (chain 4): the CRTC's addressing mode tells.
 */
function fetcher(vga: VgaDevice): Fetch {
  const memory = vga.vga_memory
  const scale = vga.underline_location_register & 0x40 ? 2 : vga.crtc_mode & 0x40 ? 0 : 1
  return (index) => {
    const offset = (index << scale) & (planeBytes - 1)
    return [
      memory[offset]!,
      memory[offset + planeBytes]!,
      memory[offset + 2 * planeBytes]!,
      memory[offset + 3 * planeBytes]!,
    ]
  }
}

/** 16 colours: 8 pixels, the bits of each taken from the four planes; planes may be switched off. */
function unpackBits(vga: VgaDevice, wide: boolean): Unpack {
  const colours = attributeColours(vga)
  const enabled = vga.color_plane_enable & 0xf
  return ([p0, p1, p2, p3], into, at) => {
    let next = at
    for (let bit = 7; bit >= 0; bit--) {
      const value = ((p0 >> bit) & 1) | (((p1 >> bit) & 1) << 1) | (((p2 >> bit) & 1) << 2) | (((p3 >> bit) & 1) << 3)
      next = put(into, next, colours[value & enabled]!, wide)
    }
    return next - at
  }
}

/** CGA's 4 colours: 4 pixels of 2 bits from planes 0 and 2, then 4 from planes 1 and 3. */
function unpackPairs(vga: VgaDevice, wide: boolean): Unpack {
  const colours = attributeColours(vga)
  const enabled = vga.color_plane_enable & 0xf
  return ([p0, p1, p2, p3], into, at) => {
    const [low0, low1, high0, high1] = [p0, p1, p2, p3].map((byte, plane) => ((enabled >> plane) & 1 ? byte : 0))
    let next = at
    for (const [low, high] of [
      [low0!, high0!],
      [low1!, high1!],
    ] as const) {
      for (let bit = 6; bit >= 0; bit -= 2) {
        next = put(into, next, colours[((low >> bit) & 3) | (((high >> bit) & 3) << 2)]!, wide)
      }
    }
    return next - at
  }
}

/** 256 colours: 4 pixels, a byte each, twice as wide as the dot clock. */
function unpackBytes(vga: VgaDevice): Unpack {
  const colours = dacColours(vga)
  return (bytes, into, at) => {
    let next = at
    for (const byte of bytes) next = put(into, next, colours[byte]!, true)
    return next - at
  }
}

function put(into: Uint32Array, at: number, colour: number, wide: boolean): number {
  into[at] = colour
  if (!wide) return at + 1
  into[at + 1] = colour
  return at + 2
}
