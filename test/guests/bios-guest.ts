/**
 * A guest that takes the place of the BIOS: a few bytes of 16-bit machine code on the bare machine, without firmware.
 * It starts with the CPU's first instruction. The functions name the instructions that they give.
 */
const imageBytes = 64 << 10
const resetVector = 0xfff0
/** Six zeros in the image: a descriptor table without entries. */
const emptyTable = 0xff00

export const com1 = 0x3f8

/** The BIOS image: interrupts off, DS and SS are 0, the stack is below 7C00; behind the code the CPU halts for ever. */
export function biosGuest(...code: readonly number[]): Uint8Array {
  const image = new Uint8Array(imageBytes)
  image.set([
    ...[0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, ...word(0x7c00)], // cli; xor ax, ax; mov ds, ax; mov ss, ax; mov sp, 7C00h
    ...code,
    ...[0xf4, 0xeb, 0xfd], // again: hlt; jmp again
  ])
  image.set([0xea, 0x00, 0x00, 0x00, 0xf0], resetVector) // jmp F000:0000
  return image
}

/** `mov dx, port; mov al, value; out dx, al` */
export const out8 = (port: number, value: number): number[] => [0xba, ...word(port), 0xb0, value, 0xee]
/** `mov dx, port; mov ax, value; out dx, ax` */
export const out16 = (port: number, value: number): number[] => [0xba, ...word(port), 0xb8, ...word(value), 0xef]
/** `mov dx, port; mov eax, value; out dx, eax` */
export const out32 = (port: number, value: number): number[] => [
  ...[0xba, ...word(port), 0x66, 0xb8, ...word(value), ...word(value >>> 16)],
  ...[0x66, 0xef],
]
/** `mov dx, port; in al, dx` */
export const in8 = (port: number): number[] => [0xba, ...word(port), 0xec]

/** Where firmware puts the ports of the power management function on QEMU's PC. */
export const powerPorts = 0x600
/** Does what firmware does: gives the power management function its ports. */
export const enablePower: readonly number[] = [
  ...[...out32(0xcf8, 0x80000b40), ...out32(0xcfc, powerPorts)],
  ...[...out32(0xcf8, 0x80000b80), ...out8(0xcfc, 1)],
]

/** Sends a character through COM1. */
export const send = (character: string): number[] => out8(com1, character.charCodeAt(0))
/** Sends AL through COM1. */
export const sendAl: readonly number[] = [0xba, ...word(com1), 0xee]
/** Sends the four bytes of EAX through COM1, the lowest first: `out dx, al; shr eax, 8`. */
export const sendEax: readonly number[] = [
  ...[0xba, ...word(com1)],
  ...[1, 2, 3, 4].flatMap(() => [0xee, 0x66, 0xc1, 0xe8, 0x08]),
]
/** Waits until a bit of a port is set: `mov dx, port; again: in al, dx; test al, bit; jz again` */
export const awaitBit = (port: number, bit: number): number[] => [0xba, ...word(port), 0xec, 0xa8, bit, 0x74, 0xfb]
/** Waits until bits of a port are clear. */
export const awaitClear = (port: number, bits: number): number[] => [0xba, ...word(port), 0xec, 0xa8, bits, 0x75, 0xfb]
/** `mov dx, port; mov al, [address]; out dx, al` */
export const out8From = (port: number, address: number): number[] => [
  ...[0xba, ...word(port), 0xa0, ...word(address)],
  0xee,
]
/** `mov dx, port; mov eax, [address]; out dx, eax` */
export const out32From = (port: number, address: number): number[] => [
  ...[0xba, ...word(port), 0x66, 0xa1, ...word(address)],
  ...[0x66, 0xef],
]
/** Writes words of memory to a port: `mov dx, port; mov si, address; mov cx, words; cld; rep outsw` */
export const outWordsFrom = (port: number, address: number, words: number): number[] => [
  ...[0xba, ...word(port), 0xbe, ...word(address), 0xb9, ...word(words)],
  ...[0xfc, 0xf3, 0x6f],
]
/** Waits for a byte from COM1; it is in AL then. */
export const receive: readonly number[] = [...awaitBit(com1 + 5, 1), ...in8(com1)]

/** Runs code again and again: `jmp` back to its begin. */
export const forever = (...code: readonly number[]): number[] => [...code, 0xe9, ...word(-(code.length + 3))]

/** Ends in a triple fault: protected mode, no interrupt table, a breakpoint. */
export const tripleFault: readonly number[] = [
  ...[0x2e, 0x0f, 0x01, 0x1e, ...word(emptyTable)], // lidt cs:[emptyTable]
  ...[0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0], // mov eax, cr0; or al, 1; mov cr0, eax
  0xcc, // int3
]

function word(value: number): [number, number] {
  return [value & 0xff, (value >> 8) & 0xff]
}
