import type { V86Io } from '../v86-internals.ts'

/** Of v86's Sound Blaster: mixer, DSP and MIDI, and of an AdLib card; and its parallel port, at which nothing listens. */
const others = [
  [0x220, 16],
  [0x330, 2],
  [0x388, 4],
  [0x378, 3],
] as const
const uarts = [0x3f8, 0x2f8, 0x3e8, 0x2e8] as const

/**
 * Takes away what v86 always has and this PC has not: nobody answers at its ports until another device comes there.
 *
 * @param serial - numbers of UARTs, 0 to 3
 */
export function removeAbsentPorts(io: V86Io, serial: readonly number[] = []): void {
  for (const [base, count] of [...others, ...serial.map((index) => [uarts[index]!, 8] as const)]) {
    for (let port = base; port < base + count; port++) io.ports[port] = io.create_empty_entry()
  }
}
