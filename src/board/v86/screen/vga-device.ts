/** Gives memory for so many bytes of a picture, all of them 0: black. */
export type PictureMemory = (bytes: number) => Uint8Array

/**
 * The fields of v86's VGA that make up the picture, by v86's names (0.5.462). CRTC, sequencer, graphics and attribute
 * registers hold what the guest wrote, but for those that v86 joins from several registers.
 */
export interface VgaDevice {
  /** CRTC 01: last character column. */
  readonly horizontal_display_enable_end: number
  /** CRTC 12, with its bits 8 and 9 from 07: last scan line. */
  readonly vertical_display_enable_end: number
  /** CRTC 09. */
  readonly max_scan_line: number
  /** CRTC 0A and 0B. */
  readonly cursor_scanline_start: number
  readonly cursor_scanline_end: number
  /** CRTC 0C and 0D. */
  readonly start_address: number
  /** CRTC 0E and 0F. */
  readonly cursor_address: number
  /** CRTC 13. */
  readonly offset_register: number
  /** CRTC 14. */
  readonly underline_location_register: number
  /** CRTC 17. */
  readonly crtc_mode: number
  /** CRTC 18, with its bits 8 and 9 from 07 and 09. */
  readonly line_compare: number
  /** Sequencer 01 and 03. */
  readonly clocking_mode: number
  readonly character_map_select: number
  /** Graphics 05 and 06. */
  readonly planar_mode: number
  readonly miscellaneous_graphics_register: number
  /** Bit 5 of the attribute controller's index: 0 blanks the screen. */
  readonly palette_source: number
  /** Attribute 00 to 0F, 10, 12 and 14. */
  readonly dac_map: ArrayLike<number>
  readonly attribute_mode: number
  readonly color_plane_enable: number
  readonly color_select: number
  /** 256 colours as 0xRRGGBB, already widened from the DAC's 6 bits to 8. */
  readonly vga256_palette: ArrayLike<number>

  /** Four planes of 64 KiB, one after the other. In text modes plane 0 holds characters and attributes in turn. */
  readonly vga_memory: Uint8Array

  /** The Bochs VBE extensions: whether they show the picture, and what. */
  readonly svga_enabled: boolean
  readonly svga_width: number
  readonly svga_height: number
  readonly svga_bpp: number
  readonly svga_offset_x: number
  readonly svga_offset_y: number
  /** Length of a line in memory, in pixels; ours, not v86's: see vbe-virtual-width.ts. */
  svga_virtual_width?: number
  /** Only tells where the memory is: indexing it goes through a slow proxy. */
  svga_memory: { readonly byteOffset: number }
  vga_memory_size: number
}

/** What screen capture uses of v86's emulator object. */
export interface VgaMachine {
  readonly v86: {
    readonly cpu: {
      readonly devices: { readonly vga: VgaDevice }
      /** Its buffer is another one after each growth. */
      readonly wasm_memory: { readonly buffer: ArrayBufferLike }
    }
  }
}
