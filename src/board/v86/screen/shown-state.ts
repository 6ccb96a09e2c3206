import { virtualWidth } from './vbe-virtual-width.ts'
import type { VgaDevice } from './vga-device.ts'

/** Registers that pictures are made from. */
const registers = [
  'horizontal_display_enable_end',
  'vertical_display_enable_end',
  'max_scan_line',
  'cursor_scanline_start',
  'cursor_scanline_end',
  'start_address',
  'cursor_address',
  'offset_register',
  'underline_location_register',
  'crtc_mode',
  'line_compare',
  'clocking_mode',
  'character_map_select',
  'planar_mode',
  'miscellaneous_graphics_register',
  'palette_source',
  'attribute_mode',
  'color_plane_enable',
  'color_select',
  'svga_width',
  'svga_height',
  'svga_bpp',
  'svga_offset_x',
  'svga_offset_y',
  'svga_virtual_width',
] as const satisfies readonly (keyof VgaDevice)[]

/**
 * All that the last picture was made from, to find out whether another one would be the same: that takes a hundredth of
 * the time in which it would be drawn and compared.
 */
export class ShownState {
  #numbers: readonly number[] = []
  #bytes: Uint8Array = new Uint8Array(0)

  /**
   * Whether a picture would be made from the same as the last time, which is kept for the next.
   *
   * @param ram - of the Bochs VBE extensions
   * @param further - what else the picture depends on
   */
  isAsBefore(vga: VgaDevice, ram: Uint8Array, further: readonly number[]): boolean {
    const numbers = [
      ...further,
      Number(vga.svga_enabled),
      ...registers.map((name) => vga[name] ?? 0),
      ...Array.from(vga.dac_map),
      ...Array.from(vga.vga256_palette),
    ]
    const bytes = vga.svga_enabled ? ram.subarray(...shownBytes(vga)) : vga.vga_memory
    const [before, old] = [this.#numbers, this.#bytes]
    const same =
      numbers.length === before.length &&
      numbers.every((number, index) => number === before[index]) &&
      Buffer.compare(bytes, old) === 0
    if (same) return true
    this.#numbers = numbers
    if (old.length === bytes.length) old.set(bytes)
    else this.#bytes = bytes.slice()
    return false
  }
}

/** From where to where the extensions show memory. */
function shownBytes(vga: VgaDevice): [from: number, to: number] {
  const pixelBytes = (vga.svga_bpp + 7) >> 3
  const lineBytes = virtualWidth(vga) * pixelBytes
  const from = vga.svga_offset_y * lineBytes + vga.svga_offset_x * pixelBytes
  return [from - (from % 4), from + vga.svga_height * lineBytes]
}
