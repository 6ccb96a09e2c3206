/** Where a VGA's input status 1 is read, in monochrome and in colour modes. */
const statusPorts = [0x3ba, 0x3da]
/** Bit 0: the beam draws nothing just now. Bit 3: it goes back to the top. */
const retraceBits = 0x09

/** What this patch uses of v86's emulator object. */
export interface RetraceMachine {
  readonly v86: {
    readonly cpu: {
      readonly io: { readonly ports: ArrayLike<{ read8: (this: unknown, port: number) => number }> }
      readonly devices: { readonly vga: { port_3DA_value: number } }
    }
  }
}

/**
 * Lets the VGA's vertical retrace begin and end with every reading of its status, as in QEMU.
 *
 * v86 sets the retrace bit only when a browser asks for the next frame: without one, a guest that waits for the retrace
 * in a graphics mode waits for ever. Call it once per machine, when its devices exist.
 */
export function patchVerticalRetrace({ v86: { cpu } }: RetraceMachine): void {
  const { vga } = cpu.devices
  for (const port of statusPorts) {
    const entry = cpu.io.ports[port]!
    const original = entry.read8
    entry.read8 = function (this: unknown, at: number) {
      const status = (vga.port_3DA_value ^ retraceBits) & retraceBits
      // Reading has one more effect, which stays: the next write to the attribute controller is an index.
      original.call(this, at)
      vga.port_3DA_value = status
      return status
    }
  }
}
