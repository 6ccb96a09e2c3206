import type { VgaDevice } from './vga-device.ts'

/** Where the Bochs VBE extensions take an index, and the register with that index. */
const dataPort = 0x1cf
const index = { enable: 4, virtualWidth: 6, virtualHeight: 7 } as const

/** What this patch uses of v86's emulator object. */
export interface VbeMachine {
  readonly v86: {
    readonly cpu: {
      readonly io: {
        readonly ports: ArrayLike<{
          read16: (this: unknown, port: number) => number
          write16: (this: unknown, value: number) => void
        }>
      }
      readonly devices: {
        readonly vga: Pick<VgaDevice, 'svga_enabled' | 'svga_width' | 'svga_bpp' | 'vga_memory_size'> & {
          readonly dispi_index: number
          svga_virtual_width?: number
        }
      }
    }
  }
}

/**
 * Gives v86's Bochs VBE extensions lines in memory that are longer than those on the screen (index 6, and the height
 * that follows from it, index 7), as VESA's scan line length and drivers with scrolling desktops use them: v86 knows
 * none. The length is kept in the field `svga_virtual_width`, in pixels. Call it once per machine, when its devices
 * exist.
 */
export function patchVbeVirtualWidth({ v86: { cpu } }: VbeMachine): void {
  const { vga } = cpu.devices
  const entry = cpu.io.ports[dataPort]!
  const { read16, write16 } = entry
  vga.svga_virtual_width = 0
  entry.read16 = function (port) {
    if (vga.dispi_index === index.virtualWidth) return virtualWidth(vga)
    if (vga.dispi_index === index.virtualHeight) return virtualHeight(vga)
    return read16.call(this, port)
  }
  entry.write16 = function (value) {
    const wasEnabled = vga.svga_enabled
    if (vga.dispi_index === index.virtualWidth) vga.svga_virtual_width = value
    write16.call(this, value)
    // A mode begins with lines as long as the screen is wide.
    if (vga.dispi_index === index.enable && vga.svga_enabled && !wasEnabled) vga.svga_virtual_width = 0
  }
}

/** How long a line is in memory, in pixels: never shorter than on the screen. */
export function virtualWidth(vga: Pick<VgaDevice, 'svga_width' | 'svga_virtual_width'>): number {
  return Math.max(vga.svga_width, vga.svga_virtual_width ?? 0)
}

function virtualHeight(vga: VbeMachine['v86']['cpu']['devices']['vga']): number {
  const lineBytes = virtualWidth(vga) * ((vga.svga_bpp + 7) >> 3)
  return lineBytes === 0 ? 0 : Math.min(0xffff, Math.floor(vga.vga_memory_size / lineBytes))
}
