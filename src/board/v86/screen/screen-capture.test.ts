import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Picture } from '../../board.ts'
import { ScreenCapture } from './screen-capture.ts'
import type { VgaDevice } from './vga-device.ts'

const planeBytes = 0x10000

/** The registers of mode 3, but 4 columns and 2 rows; the palette's entry n is the colour n, so that colours tell their index. */
function vga(changes: Partial<VgaDevice> = {}): VgaDevice {
  return {
    horizontal_display_enable_end: 3,
    vertical_display_enable_end: 31,
    max_scan_line: 0x4f,
    cursor_scanline_start: 0x20,
    cursor_scanline_end: 15,
    start_address: 0,
    cursor_address: 0,
    offset_register: 2,
    underline_location_register: 0,
    crtc_mode: 0xa3,
    line_compare: 0x3ff,
    clocking_mode: 0,
    character_map_select: 0,
    planar_mode: 0x10,
    miscellaneous_graphics_register: 0x0e,
    palette_source: 0x20,
    dac_map: Uint8Array.from({ length: 16 }, (_, index) => index),
    attribute_mode: 0x0c,
    color_plane_enable: 0x0f,
    color_select: 0,
    vga256_palette: Int32Array.from({ length: 256 }, (_, index) => index),
    vga_memory: new Uint8Array(4 * planeBytes),
    svga_enabled: false,
    svga_width: 0,
    svga_height: 0,
    svga_bpp: 32,
    svga_offset_x: 0,
    svga_offset_y: 0,
    svga_memory: { byteOffset: 16 },
    vga_memory_size: 1 << 16,
    ...changes,
  }
}

function bench(device: VgaDevice) {
  const memory = { buffer: new ArrayBuffer(16 + device.vga_memory_size) }
  const time = { now: 1000 }
  const machine = { v86: { cpu: { devices: { vga: device }, wasm_memory: memory } } }
  const capture = new ScreenCapture({ machine, now: () => time.now, vgaBios: undefined })
  return { capture, memory, time, ram: () => new Uint8Array(memory.buffer, 16) }
}

/** The palette's numbers of a row of pixels, in hexadecimal. */
function row({ width, rgb }: Picture, y: number, from = 0, to = width): string {
  const colours = Array.from({ length: to - from }, (_, x) => rgb[(y * width + from + x) * 3 + 2]!)
  return colours.map((colour) => colour.toString(16)).join('')
}

function write(device: VgaDevice, cell: number, character: number, attribute: number): void {
  device.vga_memory.set([character, attribute], cell * 2)
}

function glyphRow(device: VgaDevice, character: number, y: number, dots: number, font = 0): void {
  device.vga_memory[2 * planeBytes + font * 0x2000 + character * 32 + y] = dots
}

test('a text cell is its glyph in the foreground on any of sixteen backgrounds, nine dots wide', () => {
  const device = vga()
  write(device, 5, 0x41, 0xe3)
  glyphRow(device, 0x41, 2, 0b1010_0001)
  const picture = bench(device).capture.picture()
  assert.deepEqual([picture.width, picture.height], [36, 32])
  assert.equal(row(picture, 16 + 2, 9, 18), '3e3eeee3e')
  assert.equal(row(picture, 16 + 1, 9, 18), 'eeeeeeeee')
})

test('the ninth dot repeats the eighth for box drawing characters, if the attribute controller says so', () => {
  for (const [attribute_mode, character, ninth] of [
    [0x0c, 0xb0, '7'],
    [0x0c, 0xdf, '7'],
    [0x0c, 0xaf, '0'],
    [0x0c, 0xe0, '0'],
    [0x08, 0xc4, '0'],
  ] as const) {
    const device = vga({ attribute_mode })
    write(device, 0, character, 0x07)
    glyphRow(device, character, 0, 0x01)
    assert.equal(row(bench(device).capture.picture(), 0, 7, 9), `7${ninth}`)
  }
})

test('cells are 8 dots wide if the sequencer says so, or 16 in half as many columns', () => {
  for (const [clocking_mode, dots] of [
    [0x01, '77000007'],
    [0x08, '7777000000000077'],
  ] as const) {
    const device = vga({ clocking_mode })
    write(device, 0, 1, 0x07)
    glyphRow(device, 1, 0, 0b1100_0001)
    const picture = bench(device).capture.picture()
    assert.equal(picture.width, 4 * dots.length)
    assert.equal(row(picture, 0, 0, dots.length), dots)
  }
})

test('bit 3 of the attribute chooses between two fonts', () => {
  // Font 0 for attributes without the bit, font 5 (third bit apart) for those with it.
  const device = vga({ character_map_select: 0x20 | 0x08 })
  write(device, 0, 1, 0x07)
  write(device, 1, 1, 0x0f)
  glyphRow(device, 1, 0, 0x80, 0)
  glyphRow(device, 1, 0, 0x40, 5)
  assert.equal(row(bench(device).capture.picture(), 0, 0, 11), '7000000000f')
})

test('the start address and the offset register tell where rows begin', () => {
  const device = vga({ start_address: 0x100, offset_register: 5 })
  write(device, 0x100, 0, 0x10)
  write(device, 0x100 + 10, 0, 0x20)
  const picture = bench(device).capture.picture()
  assert.equal(row(picture, 0, 0, 1) + row(picture, 16, 0, 1), '12')
})

test('the cursor fills its scan lines, and blinks from one picture to the next', () => {
  const device = vga({ cursor_address: 6, cursor_scanline_start: 14, cursor_scanline_end: 31 })
  write(device, 6, 0, 0x07)
  const { capture, time } = bench(device)
  const lines = (): string => [13, 14, 15].map((y) => row(capture.picture(), 16 + y, 18, 27)).join(' ')
  const lit = '000000000 777777777 777777777'
  const dark = '000000000 000000000 000000000'
  assert.equal(lines(), lit)
  time.now += 228
  assert.equal(lines(), lit)
  time.now += 1
  assert.equal(lines(), dark)
  time.now += 10_000
  assert.equal(lines(), lit)
})

test('a cursor that is switched off, or ends before it begins, is not drawn', () => {
  for (const cursor_scanline_start of [0x20, 9]) {
    const device = vga({ cursor_scanline_start, cursor_scanline_end: 8 })
    write(device, 0, 0, 0x07)
    const picture = bench(device).capture.picture()
    assert.ok(picture.rgb.every((byte) => byte === 0))
  }
})

test('the colours go through the palette registers and the colour select register', () => {
  for (const [attribute_mode, colour] of [
    [0x0c, 0xcf],
    [0x8c, 0xdf],
  ] as const) {
    const device = vga({ attribute_mode, color_select: 0x0d, dac_map: new Uint8Array(16).fill(0x0f) })
    assert.equal(row(bench(device).capture.picture(), 0, 0, 1), colour.toString(16))
  }
})

test('the text of a text mode comes with attributes and cursor, in Unicode', () => {
  const device = vga({ cursor_address: 5, cursor_scanline_start: 13 })
  for (const [cell, character] of [0x48, 0x69, 0x00, 0xb3, 0x18, 0xe1, 0xff, 0x20].entries())
    write(device, cell, character, cell)
  const text = bench(device).capture.text()
  assert.deepEqual(text, {
    columns: 4,
    rows: 2,
    lines: ['Hi │', '↑ß\u00a0 '],
    attributes: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7),
    cursor: { row: 1, column: 1, visible: true },
  })
})

test('a blanked screen has no text and is black in its last size', () => {
  const device = vga()
  write(device, 0, 0, 0x70)
  const shown = { ...device }
  const { capture } = bench(shown)
  assert.equal(row(capture.picture(), 0, 0, 1), '7')
  Object.assign(shown, { palette_source: 0 })
  const picture = capture.picture()
  assert.deepEqual([picture.width, picture.height], [36, 32])
  assert.ok(picture.rgb.every((byte) => byte === 0))
  assert.equal(capture.text(), undefined)
})

test('before the first mode the picture is the placeholder', () => {
  const { capture } = bench(vga({ horizontal_display_enable_end: 0, vertical_display_enable_end: 0, max_scan_line: 0 }))
  const picture = capture.picture()
  assert.deepEqual([picture.width, picture.height], [640, 480])
  assert.equal(capture.text(), undefined)
})

/** A graphics mode of 16 pixels in 4 lines. */
const graphics: Partial<VgaDevice> = {
  horizontal_display_enable_end: 1,
  vertical_display_enable_end: 3,
  max_scan_line: 0x40,
  offset_register: 1,
  crtc_mode: 0xe3,
  planar_mode: 0,
  miscellaneous_graphics_register: 0x05,
  attribute_mode: 0x01,
}

function plane(device: VgaDevice, number: number, offset: number, ...bytes: number[]): void {
  device.vga_memory.set(bytes, number * planeBytes + offset)
}

test('16 colours are made of four planes, of which some may be hidden', () => {
  for (const [color_plane_enable, pixels] of [
    [0x0f, '1248f00000000000'],
    [0x05, '1040500000000000'],
  ] as const) {
    const device = vga({ ...graphics, color_plane_enable })
    for (const number of [0, 1, 2, 3]) plane(device, number, 0, (0x80 >> number) | 0x08)
    const { capture } = bench(device)
    const picture = capture.picture()
    assert.deepEqual([picture.width, picture.height], [16, 4])
    assert.equal(row(picture, 0), pixels)
    assert.equal(capture.text(), undefined)
  }
})

test('graphics lines are repeated by scan line count and doubling, and begin again at 0 below the split', () => {
  const lines = (changes: Partial<VgaDevice>): string => {
    const device = vga({ ...graphics, start_address: 8, ...changes })
    // Every line of 2 bytes begins with one pixel that tells its address: 0 at 0, 4 at 8, 5 at 10, ...
    for (let line = 0; line < 16; line++) {
      for (const number of [0, 1, 2, 3]) plane(device, number, line * 2, (line >> number) & 1 ? 0x80 : 0)
    }
    const picture = bench(device).capture.picture()
    return [0, 1, 2, 3].map((y) => row(picture, y, 0, 1)).join('')
  }
  assert.equal(lines({}), '4567')
  assert.equal(lines({ max_scan_line: 0x41 }), '4455')
  assert.equal(lines({ max_scan_line: 0x80 }), '4455')
  assert.equal(lines({ max_scan_line: 0x81 }), '4444')
  assert.equal(lines({ line_compare: 1 }), '4501')
  assert.equal(lines({ offset_register: 2 }), '468a')
})

test("CGA's four colours are pairs of bits, in two banks 8 KiB apart", () => {
  const device = vga({ ...graphics, planar_mode: 0x20, crtc_mode: 0xa2, max_scan_line: 0xc1, offset_register: 2 })
  // Word addressing: even addresses are in plane 0, odd ones in plane 1.
  plane(device, 0, 0, 0b00_01_10_11)
  plane(device, 1, 0, 0b11_10_01_00)
  plane(device, 0, 0x2000, 0b11_11_11_11)
  const picture = bench(device).capture.picture()
  assert.equal(row(picture, 0), '0123321000000000')
  assert.equal(row(picture, 1), '0123321000000000')
  assert.equal(row(picture, 2), '3333000000000000')
})

test('256 colours are a byte each, twice as wide, at every fourth address if the CRTC counts in fours', () => {
  for (const [underline_location_register, second] of [
    [0x40, 4],
    [0x00, 1],
  ] as const) {
    const device = vga({ ...graphics, planar_mode: 0x40, underline_location_register })
    for (const number of [0, 1, 2, 3]) plane(device, number, 0, number + 1)
    plane(device, 0, second, 5)
    assert.equal(row(bench(device).capture.picture(), 0), '1122334455000000')
  }
})

test('VBE pixels of every depth are widened to 8 bits a colour', () => {
  for (const [svga_bpp, bytes, rgb] of [
    [8, [0x12], [0, 0, 0x12]],
    [15, [0xff, 0x7f], [0xf8, 0xf8, 0xf8]],
    [15, [0x01, 0x84], [0x08, 0x00, 0x08]],
    [16, [0xff, 0xff], [0xff, 0xff, 0xff]],
    [16, [0x21, 0x08], [0x08, 0x04, 0x08]],
    [24, [1, 2, 3], [3, 2, 1]],
    [32, [1, 2, 3, 4], [3, 2, 1]],
  ] as const) {
    const { capture, ram } = bench(vga({ svga_enabled: true, svga_width: 1, svga_height: 1, svga_bpp }))
    ram().set(bytes)
    assert.deepEqual([...capture.picture().rgb], rgb)
  }
})

test('a VBE picture begins at its offset, in steps of 4 bytes, and is black beyond the memory', () => {
  const device = vga({
    svga_enabled: true,
    svga_width: 4,
    svga_height: 2,
    svga_bpp: 8,
    svga_offset_x: 7,
    svga_offset_y: 1,
  })
  const { capture, ram } = bench({ ...device, vga_memory_size: 13 })
  ram().set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  const picture = capture.picture()
  assert.equal(row(picture, 0), '89ab')
  assert.equal(row(picture, 1), 'c000')
})

test('VBE lines may be longer in memory than on the screen', () => {
  const mode = { svga_enabled: true, svga_width: 2, svga_height: 3, svga_bpp: 8, svga_virtual_width: 5 }
  const { capture, ram } = bench(vga({ ...mode, svga_offset_x: 4 }))
  ram().set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
  const picture = capture.picture()
  assert.equal([0, 1, 2].map((y) => row(picture, y)).join(' '), '45 9a ef')
})

test('a picture is read from the memory as it is after the emulator has grown it', () => {
  const device = vga({ svga_enabled: true, svga_width: 1, svga_height: 1, svga_bpp: 8 })
  const { capture, memory } = bench(device)
  memory.buffer = new ArrayBuffer(memory.buffer.byteLength * 2)
  new Uint8Array(memory.buffer)[16] = 0x42
  assert.equal(row(capture.picture(), 0), '42')
})

const byte = fc.nat(0xff)
const word = fc.nat(0xffff)
const registers = fc.record({
  horizontal_display_enable_end: byte,
  vertical_display_enable_end: fc.nat(0x3ff),
  max_scan_line: byte,
  cursor_scanline_start: byte,
  cursor_scanline_end: byte,
  start_address: word,
  cursor_address: word,
  offset_register: byte,
  underline_location_register: byte,
  crtc_mode: byte,
  line_compare: fc.nat(0x3ff),
  clocking_mode: byte,
  character_map_select: byte,
  planar_mode: byte,
  miscellaneous_graphics_register: byte,
  dac_map: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  attribute_mode: byte,
  color_plane_enable: byte,
  color_select: byte,
  svga_enabled: fc.boolean(),
  svga_width: fc.integer({ min: 1, max: 2560 }),
  svga_height: fc.integer({ min: 1, max: 1600 }),
  svga_bpp: word,
  svga_offset_x: word,
  svga_offset_y: word,
  svga_virtual_width: word,
  palette_source: fc.constantFrom(0, 0x20),
  vga256_palette: fc.int32Array({ minLength: 256, maxLength: 256, min: 0, max: 0xffffff }),
})

test('whatever the guest writes to the registers, there is a picture with all its pixels', () => {
  const check = (changes: Partial<VgaDevice>): void => {
    const { capture } = bench(vga(changes))
    const { width, height, rgb } = capture.picture()
    assert.equal(rgb.length, width * height * 3)
    const text = capture.text()
    if (text !== undefined) assert.ok(text.lines.every((line) => line.length === text.columns))
  }
  fc.assert(fc.property(registers, check), { numRuns: 60 })
})

test('viewers are told of every change that shows: of any register, of the palette, of memory', () => {
  const svga = { svga_enabled: true, svga_width: 8, svga_height: 4, svga_bpp: 8, svga_virtual_width: 8 }
  const modes: readonly Partial<VgaDevice>[] = [
    { cursor_scanline_start: 0 },
    { miscellaneous_graphics_register: 1, planar_mode: 0, vertical_display_enable_end: 7, line_compare: 2 },
    { miscellaneous_graphics_register: 1, planar_mode: 0x20, vertical_display_enable_end: 7 },
    svga,
  ]
  const noise = Uint8Array.from({ length: 4 * planeBytes }, (_, at) => (at * 7919) >> 5)
  const shown = new Set<string>()
  for (const mode of modes) {
    for (const [name, value] of Object.entries(vga({ svga_virtual_width: 0, ...mode }))) {
      if (/_memory/.test(name)) continue
      for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
        const device = vga(mode)
        device.vga_memory.set(noise)
        const { capture, ram } = bench(device)
        ram().set(noise.subarray(0, ram().length))
        capture.changes(0) // the size of a blank screen is that of the last picture, which is known from here on
        const before = capture.changes(0).rectangles[0]!.rgb
        const other = (one: number): number => one ^ bit
        const wanted = typeof value === 'number' ? other(value) : typeof value === 'boolean' ? !value : value.map(other)
        Object.assign(device, { [name]: wanted })
        const expected = capture.picture()
        assert.equal(Buffer.compare(capture.changes(0).rectangles[0]!.rgb, expected.rgb), 0, `${name}, ${bit}`)
        if (Buffer.compare(before, expected.rgb) !== 0) shown.add(name)
      }
    }
  }
  assert.ok(shown.size > 20, [...shown].join())
})

test('viewers are told when any byte of memory that shows has changed', () => {
  const text = { horizontal_display_enable_end: 39, vertical_display_enable_end: 399, offset_register: 20 }
  const modes: readonly Partial<VgaDevice>[] = [
    text,
    { ...text, start_address: 2 * planeBytes - 400 },
    { ...text, start_address: 1000, character_map_select: 0x3a },
    { offset_register: 255, max_scan_line: 0, horizontal_display_enable_end: 4 },
    { miscellaneous_graphics_register: 1, planar_mode: 0x40, vertical_display_enable_end: 199 },
  ]
  let shown = 0
  for (const mode of modes) {
    const device = vga(mode)
    device.vga_memory.forEach((_, at) => void (device.vga_memory[at] = (at * 7919) >> 5))
    const { capture } = bench(device)
    let before = capture.changes(0).serial
    for (let at = 0; at < device.vga_memory.length; at += 509) {
      device.vga_memory[at]! ^= 0xff
      const { rectangles, serial } = capture.changes(0)
      const expected = capture.picture()
      assert.equal(Buffer.compare(rectangles[0]!.rgb, expected.rgb), 0, `${JSON.stringify(mode)}, ${at}`)
      if (serial !== before) shown++
      before = serial
    }
  }
  assert.ok(shown > 20, `${shown} bytes show`)
})

test('nothing is drawn anew for viewers while it is made from the same', () => {
  const map = new Uint8Array(16)
  let reads = 0
  const device: VgaDevice = {
    ...vga({ cursor_scanline_start: 0 }),
    get dac_map() {
      reads++
      return map
    },
  }
  const { capture, time } = bench(device)
  const readsOfALook = (): number => {
    reads = 0
    capture.changes(0)
    return reads
  }
  for (const _ of [1, 2]) readsOfALook()
  assert.equal(readsOfALook(), 1, 'compared, and no more')
  time.now += 1000
  assert.ok(readsOfALook() > 1, 'the cursor has turned')
})
