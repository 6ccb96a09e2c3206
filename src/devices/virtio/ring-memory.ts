/** The guest's memory, by physical addresses. What lies behind its end reads as zeros, and goes nowhere. */
export interface RingMemory {
  readonly byteLength: number
  read(address: number, length: number): Uint8Array
  write(address: number, bytes: Uint8Array): void
}

/** A guest has made a ring that no driver makes: its device is broken until it is reset. */
export class RingError extends Error {
  override readonly name = 'RingError'
}

export function readWord16(memory: RingMemory, address: number): number {
  const bytes = memory.read(address, 2)
  return bytes[0]! | (bytes[1]! << 8)
}

export function writeWord16(memory: RingMemory, address: number, value: number): void {
  memory.write(address, Uint8Array.of(value & 0xff, (value >> 8) & 0xff))
}

/** Whether a range is all in memory. */
export function isInside({ byteLength }: RingMemory, address: number, length: number): boolean {
  return address + length <= byteLength
}
