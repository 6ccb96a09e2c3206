/** CRTC index, CRTC data and input status 1 in monochrome modes; they stand 20h higher in colour modes. */
const monochromePorts = [0x3b4, 0x3b5, 0x3ba]
const colourOffset = 0x20
const inputStatus = 0x3ba
/** Miscellaneous output register, bit 0: the ports are where colour modes have them. */
const colour = 0x01
/** Input status 1. Bit 0: the beam draws nothing just now. Bit 3: it goes back to the top. */
const retraceBits = 0x09
/** What a port gives that nobody answers at. */
const floating = 0xff

type Read = (this: unknown, port: number) => number
type Write = (this: unknown, value: number) => void

interface PortEntry {
  read8: Read
  read16: Read
  write8: Write
  write16: Write
}

/** What this patch uses of v86's emulator object. */
export interface VgaPortsMachine {
  readonly v86: {
    readonly cpu: {
      readonly io: { readonly ports: ArrayLike<PortEntry> }
      readonly devices: { readonly vga: { readonly miscellaneous_output_register: number; port_3DA_value: number } }
    }
  }
}

/**
 * Makes two things at v86's VGA ports as on a real card, and as in QEMU. Call it once per machine, when its devices
 * exist.
 *
 * The vertical retrace begins and ends with every reading of the input status: v86 sets its bit only when a browser
 * asks for the next frame, so that a guest that waits for it in a graphics mode would wait for ever.
 *
 * The CRTC answers at its colour or at its monochrome address, whichever is chosen: v86's answers at both, so that a
 * guest would find a second, monochrome card.
 */
export function patchVgaPorts({ v86: { cpu } }: VgaPortsMachine): void {
  const { vga } = cpu.devices
  const isColour = (): boolean => (vga.miscellaneous_output_register & colour) !== 0
  for (const port of monochromePorts) {
    const monochrome = cpu.io.ports[port]!
    const coloured = cpu.io.ports[port + colourOffset]!
    if (port === inputStatus) for (const entry of [monochrome, coloured]) toggleRetrace(entry, vga)
    answerIf(coloured, isColour)
    answerIf(monochrome, () => !isColour())
  }
}

function toggleRetrace(entry: PortEntry, vga: { port_3DA_value: number }): void {
  const original = entry.read8
  entry.read8 = function (port) {
    const status = (vga.port_3DA_value ^ retraceBits) & retraceBits
    // Reading has one more effect, which stays: the next write to the attribute controller is an index.
    original.call(this, port)
    vga.port_3DA_value = status
    return status
  }
}

function answerIf(entry: PortEntry, chosen: () => boolean): void {
  const { read8, read16, write8, write16 } = entry
  entry.read8 = function (port) {
    return chosen() ? read8.call(this, port) : floating
  }
  entry.read16 = function (port) {
    return chosen() ? read16.call(this, port) : (floating << 8) | floating
  }
  entry.write8 = function (value) {
    if (chosen()) write8.call(this, value)
  }
  entry.write16 = function (value) {
    if (chosen()) write16.call(this, value)
  }
}
