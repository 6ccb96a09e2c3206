/** CRTC index, CRTC data and input status 1 in monochrome modes; they stand 20h higher in colour modes. */
const monochromePorts = [0x3b4, 0x3b5, 0x3ba]
const colourOffset = 0x20
const inputStatus = 0x3ba
/** Input status 0, of which nothing is set here, and ports that hold nothing. */
const zeroPorts = [0x3c2, 0x3c3, 0x3cb, 0x3cd]
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

interface VgaRegisters {
  miscellaneous_output_register: number
  sequencer_index: number
  graphics_index: number
  port_3DA_value: number
}

/** What this patch uses of v86's emulator object. */
export interface VgaPortsMachine {
  readonly v86: {
    readonly cpu: {
      readonly io: {
        readonly ports: ArrayLike<PortEntry>
        register_read(port: number, device: object, read8: () => number): void
      }
      readonly devices: { readonly vga: VgaRegisters }
    }
  }
}

/**
 * Makes three things at v86's VGA ports as on a real card, and as in QEMU. Call it once per machine, when its devices
 * exist.
 *
 * The vertical retrace begins and ends with every reading of the input status: v86 sets its bit only when a browser
 * asks for the next frame, so that a guest that waits for it in a graphics mode would wait for ever.
 *
 * The CRTC answers at its colour or at its monochrome address, whichever is chosen: v86's answers at both, so that a
 * guest would find a second, monochrome card.
 *
 * Registers that choose are zero at first: the CRTC is at its monochrome address until the firmware has moved it.
 */
export function patchVgaPorts({ v86: { cpu } }: VgaPortsMachine): void {
  const { vga } = cpu.devices
  vga.miscellaneous_output_register = vga.sequencer_index = vga.graphics_index = vga.port_3DA_value = 0
  for (const port of zeroPorts) cpu.io.register_read(port, vga, () => 0)
  const isColour = (): boolean => (vga.miscellaneous_output_register & colour) !== 0
  for (const port of monochromePorts) {
    const monochrome = cpu.io.ports[port]!
    const coloured = cpu.io.ports[port + colourOffset]!
    if (port === inputStatus) for (const entry of [monochrome, coloured]) toggleRetrace(entry, vga)
    answerIf(coloured, isColour)
    answerIf(monochrome, () => !isColour())
  }
}

function toggleRetrace(entry: PortEntry, vga: VgaRegisters): void {
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
