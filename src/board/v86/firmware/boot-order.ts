import type { V86Cpu } from '../v86-internals.ts'

/** Where SeaBIOS reads its boot order in CMOS: two devices in one byte, the third in the upper half of another. */
const firstTwo = 0x3d
const third = 0x38
/** In the lower half of that other byte: a floppy boots without a signature. */
const anyFloppy = 1

const devices: Readonly<Record<string, number>> = { a: 1, c: 2, d: 3, n: 4 }

/** The boot order as v86 takes it: a nibble for each device, the first one lowest. */
export function bootOrderNibbles(letters: string): number {
  return [...letters].slice(0, 3).reduce((order, letter, index) => order | ((devices[letter] ?? 0) << (4 * index)), 0)
}

/** Sets the boot order of the machine's next start, and whether floppies boot that are not made for that. */
export function writeBootOrder({ devices: { rtc } }: V86Cpu, letters: string, bootsAnyFloppy = false): void {
  const order = bootOrderNibbles(letters)
  rtc.cmos_write(third, ((order >> 4) & 0xf0) | (bootsAnyFloppy ? anyFloppy : 0))
  rtc.cmos_write(firstTwo, order & 0xff)
}
