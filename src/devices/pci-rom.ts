import type { DeviceProperties, FunctionShape, MemoryResponder } from '../board/index.ts'

/** What a device with a ROM is told when it is made. */
export interface RomBeginning {
  /** Its boot loader. */
  readonly rom?: Uint8Array
  /** Whether that belongs to any card of the model, however it is identified. */
  readonly adaptRom?: boolean
}

/** The base address register of a ROM. */
export const romBar = 6
const unsaid = 0xffff_ffff
/** The smallest region that a register can describe. */
const leastBytes = 2048
const signature = 0xaa55
/** Where a ROM says where it says which card it is for, and the byte that makes its sum zero. */
const [pointerAt, sumAt] = [0x18, 6]

/** The region that a card's ROM is in; none, if it is said to have none. */
export function romRegion({ rombar, romfile, romsize }: DeviceProperties): NonNullable<FunctionShape['bars']> {
  if (rombar === 0 || romfile === undefined || romfile === '' || romsize === unsaid) return []
  return [{ bar: romBar, kind: 'memory', size: Math.max(leastBytes, Number(romsize)) }]
}

/** What answers there: what is behind the file's end reads as zeros, and without a file there is nothing. */
export function romMemory(
  beginning: unknown,
  identity: { readonly vendorId: number; readonly deviceId: number },
): MemoryResponder {
  const { rom, adaptRom = false } = (beginning ?? {}) as RomBeginning
  const bytes = rom === undefined ? new Uint8Array(0) : adaptRom ? romFor(rom, identity) : rom
  const read8 = (offset: number): number => bytes[offset] ?? 0
  return {
    read8,
    read32: (offset) =>
      (read8(offset) | (read8(offset + 1) << 8) | (read8(offset + 2) << 16) | (read8(offset + 3) << 24)) >>> 0,
    write8: () => undefined,
    write32: () => undefined,
  }
}

/**
 * A boot loader for a card as this one says it is: one file is for cards of several identities.
 *
 * @see PCI Firmware Specification 3.0, 5.1
 */
function romFor(
  rom: Uint8Array,
  { vendorId, deviceId }: { readonly vendorId: number; readonly deviceId: number },
): Uint8Array {
  const bytes = Uint8Array.from(rom)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < pointerAt + 2 || view.getUint16(0, true) !== signature) return rom
  const at = view.getUint16(pointerAt, true)
  if (at + 8 >= bytes.length || Buffer.from(bytes.subarray(at, at + 4)).toString('latin1') !== 'PCIR') return rom
  for (const [offset, wanted] of [
    [at + 4, vendorId],
    [at + 6, deviceId],
  ] as const) {
    const there = view.getUint16(offset, true)
    const sum = (value: number): number => (value & 0xff) + (value >> 8)
    bytes[sumAt] = bytes[sumAt]! + sum(there) - sum(wanted)
    view.setUint16(offset, wanted, true)
  }
  return bytes
}
