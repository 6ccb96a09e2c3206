import { textBytes, textLayout } from './text-mode.ts'
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

type Range = readonly [from: number, to: number]

/**
 * All that the last picture was made from, to find out whether another one would be the same: that takes a hundredth of
 * the time in which it would be drawn and compared.
 */
export class ShownState {
  readonly #numbers: number[] = []
  #bytes: Uint8Array[] = []

  /**
   * Whether a picture would be made from the same as the last time, which is kept for the next.
   *
   * @param ram - of the Bochs VBE extensions
   * @param further - what else the picture depends on
   */
  isAsBefore(vga: VgaDevice, ram: Uint8Array, further: readonly number[]): boolean {
    const numbers = this.#areAsBefore(vga, further)
    const [memory, ranges] = vga.svga_enabled
      ? ([ram, [shownBytes(vga)]] as const)
      : ([vga.vga_memory, read(vga)] as const)
    const bytes = this.#holdAsBefore(memory, ranges)
    return numbers && bytes
  }

  #areAsBefore(vga: VgaDevice, further: readonly number[]): boolean {
    const before = this.#numbers
    let same = true
    let at = 0
    const note = (number: number): void => {
      if (before[at] !== number) {
        before[at] = number
        same = false
      }
      at++
    }
    for (const number of further) note(number)
    note(Number(vga.svga_enabled))
    for (const name of registers) note(vga[name] ?? 0)
    const { dac_map: map, vga256_palette: palette } = vga
    for (let index = 0; index < map.length; index++) note(map[index]!)
    for (let index = 0; index < palette.length; index++) note(palette[index]!)
    return same
  }

  #holdAsBefore(memory: Uint8Array, ranges: readonly Range[]): boolean {
    let same = ranges.length === this.#bytes.length
    this.#bytes = ranges.map(([from, to], index) => {
      const [old, now] = [this.#bytes[index], memory.subarray(from, to)]
      if (old?.length === now.length && Buffer.compare(old, now) === 0) return old
      same = false
      if (old?.length !== now.length) return now.slice()
      old.set(now)
      return old
    })
    return same
  }
}

/** From where to where the extensions show memory. */
function shownBytes(vga: VgaDevice): Range {
  const pixelBytes = (vga.svga_bpp + 7) >> 3
  const lineBytes = virtualWidth(vga) * pixelBytes
  const from = vga.svga_offset_y * lineBytes + vga.svga_offset_x * pixelBytes
  return [from - (from % 4), from + vga.svga_height * lineBytes]
}

/** Of the VGA's own memory, what its mode shows: a text mode its cells and fonts, any other perhaps all of it. */
function read(vga: VgaDevice): readonly Range[] {
  const graphics = (vga.miscellaneous_graphics_register & 1) !== 0
  const layout = graphics ? undefined : textLayout(vga)
  return (layout && textBytes(vga, layout)) ?? [[0, vga.vga_memory.length]]
}
