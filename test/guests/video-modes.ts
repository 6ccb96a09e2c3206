import { BootFloppy } from './boot-floppy.ts'

const crtc = 0x3d4
const monochromeCrtc = 0x3b4
const sequencer = 0x3c4
const attributes = 0x3c0
const inputStatus = 0x3da
const dac = 0x3c8

const text = { segment: 0xb800, count: 0x8000 }
const graphics = { segment: 0xa000, count: 0x10000 }

type Draw = (program: BootFloppy) => unknown

/**
 * Sets a text mode and hides the cursor, whose blinking would make pictures differ. Colours, characters and attributes
 * are noise.
 */
function textMode(number: number, seed: number, draw: Draw = () => undefined): Draw {
  return (program) => {
    program
      .videoBios({ ax: number })
      .out16(crtc, 0x200a)
      .noise({ ...text, seed })
    draw(program)
  }
}

function graphicsMode(number: number, draw: Draw): Draw {
  return (program) => {
    program.videoBios({ ax: number })
    draw(program)
  }
}

/** Fills each of the four planes with noise of its own. */
function allPlanes(program: BootFloppy): BootFloppy {
  for (const plane of [0, 1, 2, 3]) {
    program.out16(sequencer, 0x02 | (0x100 << plane)).noise({ ...graphics, seed: 7 * plane + 1 })
  }
  return program.out16(sequencer, 0x0f02)
}

/** Sets a VESA mode and fills its first 128 KiB through the window at A000. */
function vesaMode(number: number, draw: Draw = () => undefined): Draw {
  return (program) => {
    program.videoBios({ ax: 0x4f02, bx: number })
    for (const bank of [0, 1]) {
      program.videoBios({ ax: 0x4f05, bx: 0, dx: bank }).noise({ ...graphics, seed: bank + 1 })
    }
    draw(program)
  }
}

function attribute(program: BootFloppy, index: number, value: number): BootFloppy {
  return program
    .in8(inputStatus)
    .out8(attributes, index | 0x20)
    .out8(attributes, value)
}

/** What a PC's screen can show: programs that set a mode and fill it with noise. The first is the one with a cursor. */
const shows: Readonly<Record<string, Draw>> = {
  'text with start address and cursor moved': textMode(0x03, 6, (program) =>
    program
      .out16(crtc, 0x010c)
      .out16(crtc, 0x230d)
      .out16(crtc, 0x030a)
      .out16(crtc, 0x090b)
      .out16(crtc, 0x030e)
      .out16(crtc, 0x450f),
  ),
  'text 80x25': textMode(0x03, 1),
  'text 40x25': textMode(0x01, 2),
  'text 80x50 with the 8x8 font': textMode(0x03, 3, (program) => program.videoBios({ ax: 0x1112 }).out16(crtc, 0x200a)),
  'text 80x28 with the 8x14 font': textMode(0x03, 4, (program) =>
    program.videoBios({ ax: 0x1111 }).out16(crtc, 0x200a),
  ),
  'text 8 dots wide': textMode(0x03, 5, (program) => program.out16(sequencer, 0x0101)),
  'text with blinking off, rows 100 cells apart': textMode(0x03, 7, (program) =>
    attribute(program.out16(crtc, 0x3213), 0x10, 0x04),
  ),
  'text with two fonts': textMode(0x03, 8, (program) =>
    program.videoBios({ ax: 0x1102, bx: 0x0001 }).videoBios({ ax: 0x1103, bx: 0x0004 }).out16(crtc, 0x200a),
  ),
  'text that has scrolled, up and down': textMode(0x03, 15, (program) => {
    for (let line = 0; line < 12; line++) program.videoBios({ ax: 0x0601, bx: line << 8, dx: 0x184f })
    for (let line = 0; line < 5; line++) program.videoBios({ ax: 0x0701, bx: 0x1700, dx: 0x184f })
  }),
  'monochrome text': (program) =>
    program.videoBios({ ax: 0x07 }).out16(monochromeCrtc, 0x200a).noise({ segment: 0xb000, count: 0x8000, seed: 9 }),
  'CGA 320x200 with 4 colours': graphicsMode(0x04, (program) =>
    program.noise({ segment: 0xb800, count: 0x4000, seed: 10 }),
  ),
  'CGA 640x200 with 2 colours': graphicsMode(0x06, (program) =>
    program.noise({ segment: 0xb800, count: 0x4000, seed: 11 }),
  ),
  'EGA 320x200 with 16 colours': graphicsMode(0x0d, allPlanes),
  'EGA 640x200 with 16 colours': graphicsMode(0x0e, allPlanes),
  'EGA 640x350 with 16 colours': graphicsMode(0x10, allPlanes),
  'VGA 640x480 with 2 colours': graphicsMode(0x11, (program) => program.noise({ ...graphics, seed: 12 })),
  'VGA 640x480 with 16 colours': graphicsMode(0x12, allPlanes),
  'VGA 640x480 with planes 1 and 3 hidden, and other colours': graphicsMode(0x12, (program) =>
    attribute(attribute(attribute(allPlanes(program), 0x12, 0x05), 0x10, 0x81), 0x14, 0x02),
  ),
  'VGA 640x480 split, with the start address moved': graphicsMode(0x12, (program) =>
    allPlanes(program)
      .out16(crtc, 0x110c)
      .out16(crtc, 0x350d)
      .out16(crtc, 0x2e07)
      .out16(crtc, 0x4018)
      .out16(crtc, 0x0009),
  ),
  'VGA 320x200 with 256 colours': graphicsMode(0x13, (program) => program.noise({ ...graphics, seed: 13 })),
  'VGA 320x200 with 256 colours, some of its own': graphicsMode(0x13, (program) => {
    program.noise({ ...graphics, seed: 14 }).out8(dac, 0x10)
    for (const part of [0x3f, 0x01, 0x2a, 0x15, 0x20, 0x3e]) program.out8(dac + 1, part)
  }),
  // Chain 4 off, byte addressing, 480 scan lines: what is known as mode X.
  'VGA 320x240 with 256 colours in planes': graphicsMode(0x13, (program) =>
    allPlanes(
      program.out16(sequencer, 0x0604).out16(crtc, 0x0014).out16(crtc, 0xe317).out16(crtc, 0x3e07).out16(crtc, 0xdf12),
    ),
  ),
  'VESA 640x480 with 8 bits': vesaMode(0x101),
  'VESA 640x480 with 15 bits': vesaMode(0x110),
  'VESA 640x480 with 16 bits': vesaMode(0x111),
  'VESA 640x480 with 24 bits': vesaMode(0x112),
  'VESA 640x480 with 32 bits': vesaMode(0x142),
  'VESA 640x480 with 32 bits, the display start moved': vesaMode(0x142, (program) =>
    program.videoBios({ ax: 0x4f07, bx: 0, cx: 5, dx: 20 }),
  ),
  'VESA 640x480 with 16 bits in lines of 800 pixels, the display start moved': vesaMode(0x111, (program) =>
    program.videoBios({ ax: 0x4f06, bx: 0, cx: 800 }).videoBios({ ax: 0x4f07, bx: 0, cx: 150, dx: 3 }),
  ),
}

/** What `videoModesFloppy` shows, in its order. */
export const videoModes = Object.keys(shows)

/**
 * A floppy that shows one video mode after the other. It sends `.` through COM1 when a picture is complete and waits for
 * a byte before it draws the next.
 */
export function videoModesFloppy(): Uint8Array {
  const program = new BootFloppy()
  for (const draw of Object.values(shows)) {
    draw(program)
    program.sendSerial('.').awaitSerial()
    // On the way back from monochrome, the BIOS writes the CRTC where it does not answer yet; the next time it does.
    program.videoBios({ ax: 0x03 })
  }
  return program.image()
}
