import { BootSector } from './boot-sector.ts'

const crtc = 0x3d4
const monochromeCrtc = 0x3b4
const sequencer = 0x3c4
const attributes = 0x3c0
const inputStatus = 0x3da
const dac = 0x3c8

const text = { segment: 0xb800, count: 0x8000 }
const graphics = { segment: 0xa000, count: 0x10000 }

function mode(number: number): BootSector {
  return new BootSector().videoBios({ ax: number })
}

/** Fills each of the four planes with noise of its own. */
function allPlanes(program: BootSector): BootSector {
  for (const plane of [0, 1, 2, 3])
    program.out16(sequencer, 0x02 | (0x100 << plane)).noise({ ...graphics, seed: 7 * plane + 1 })
  return program.out16(sequencer, 0x0f02)
}

/** A VESA mode, filled with noise through the window at A000, bank after bank. */
function vesa(number: number, banks: number): BootSector {
  const program = new BootSector().videoBios({ ax: 0x4f02, bx: number })
  for (let bank = 0; bank < banks; bank++) {
    program.videoBios({ ax: 0x4f05, bx: 0, dx: bank }).noise({ ...graphics, seed: bank + 1 })
  }
  return program
}

function attribute(program: BootSector, index: number, value: number): BootSector {
  return program
    .in8(inputStatus)
    .out8(attributes, index | 0x20)
    .out8(attributes, value)
}

/** Programs that set a video mode and fill the screen with noise, by what they show. */
export const videoPrograms: Readonly<Record<string, () => BootSector>> = {
  'text 80x25': () => mode(0x03).noise({ ...text, seed: 1 }),
  'text 40x25': () => mode(0x01).noise({ ...text, seed: 2 }),
  'text 80x50, 8x8 font': () =>
    mode(0x03)
      .videoBios({ ax: 0x1112 })
      .noise({ ...text, seed: 3 }),
  'text 80x28, 8x14 font': () =>
    mode(0x03)
      .videoBios({ ax: 0x1111 })
      .noise({ ...text, seed: 4 }),
  'text, 8 dots wide': () =>
    mode(0x03)
      .out16(sequencer, 0x0101)
      .noise({ ...text, seed: 5 }),
  'text, start address and cursor moved, cursor a block': () =>
    mode(0x03)
      .noise({ ...text, seed: 6 })
      .out16(crtc, 0x010c)
      .out16(crtc, 0x230d)
      .out16(crtc, 0x000a)
      .out16(crtc, 0x0f0b)
      .out16(crtc, 0x030e)
      .out16(crtc, 0x450f),
  'text, no cursor, blinking off, rows 100 cells apart': () =>
    attribute(
      mode(0x03)
        .out16(crtc, 0x200a)
        .out16(crtc, 0x3213)
        .noise({ ...text, seed: 7 }),
      0x10,
      0x04,
    ),
  'text, two fonts': () =>
    mode(0x03)
      .videoBios({ ax: 0x1102, bx: 0x0001 })
      .videoBios({ ax: 0x1103, bx: 0x0004 })
      .noise({ ...text, seed: 8 }),
  'monochrome text, no cursor': () =>
    mode(0x07).out16(monochromeCrtc, 0x200a).noise({ segment: 0xb000, count: 0x8000, seed: 9 }),
  'CGA 320x200, 4 colours': () => mode(0x04).noise({ segment: 0xb800, count: 0x4000, seed: 10 }),
  'CGA 640x200, 2 colours': () => mode(0x06).noise({ segment: 0xb800, count: 0x4000, seed: 11 }),
  'EGA 320x200, 16 colours': () => allPlanes(mode(0x0d)),
  'EGA 640x200, 16 colours': () => allPlanes(mode(0x0e)),
  'EGA 640x350, 16 colours': () => allPlanes(mode(0x10)),
  'VGA 640x480, 2 colours': () => mode(0x11).noise({ ...graphics, seed: 12 }),
  'VGA 640x480, 16 colours': () => allPlanes(mode(0x12)),
  'VGA 640x480, planes 1 and 3 hidden, colours moved': () =>
    attribute(attribute(attribute(allPlanes(mode(0x12)), 0x12, 0x05), 0x10, 0x81), 0x14, 0x02),
  'VGA 640x480, split screen, start address moved': () =>
    allPlanes(mode(0x12))
      .out16(crtc, 0x110c)
      .out16(crtc, 0x350d)
      .out16(crtc, 0x0007 | 0x2e00)
      .out16(crtc, 0x4018)
      .out16(crtc, 0x0009),
  'VGA 320x200, 256 colours': () => mode(0x13).noise({ ...graphics, seed: 13 }),
  'VGA 320x200, 256 colours of our own': () => {
    const program = mode(0x13)
      .noise({ ...graphics, seed: 14 })
      .out8(dac, 0x10)
    for (const part of [0x3f, 0x01, 0x2a, 0x15, 0x20, 0x3e]) program.out8(dac + 1, part)
    return program
  },
  'VGA 320x240, 256 colours, unchained': () =>
    // Chain 4 off, byte addressing, 480 scan lines: what is known as mode X.
    allPlanes(
      mode(0x13)
        .out16(sequencer, 0x0604)
        .out16(crtc, 0x0014)
        .out16(crtc, 0xe317)
        .out16(crtc, 0x3e07)
        .out16(crtc, 0xdf12),
    ),
  'VESA 640x480, 8 bits': () => vesa(0x101, 5),
  'VESA 640x480, 15 bits': () => vesa(0x110, 10),
  'VESA 640x480, 16 bits': () => vesa(0x111, 10),
  'VESA 640x480, 24 bits': () => vesa(0x112, 12),
  'VESA 640x480, 32 bits': () => vesa(0x142, 12),
  'VESA 640x480, 32 bits, display start moved': () => vesa(0x142, 10).videoBios({ ax: 0x4f07, bx: 0, cx: 0, dx: 100 }),
}
