import type { VgaDevice } from './vga-device.ts'

/**
 * The colours of the sixteen attribute values, as 0xRRGGBB: each goes through the attribute controller's palette and
 * the colour select register into the DAC.
 */
export function attributeColours(vga: VgaDevice): Uint32Array {
  return Uint32Array.from({ length: 16 }, (_, attribute) => {
    const entry = vga.dac_map[attribute] ?? 0
    const colour =
      vga.attribute_mode & 0x80
        ? ((vga.color_select & 0xf) << 4) | (entry & 0xf)
        : ((vga.color_select & 0xc) << 4) | (entry & 0x3f)
    return vga.vga256_palette[colour] ?? 0
  })
}

/** The DAC's 256 colours as 0xRRGGBB. */
export function dacColours(vga: VgaDevice): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, index) => vga.vga256_palette[index] ?? 0)
}
