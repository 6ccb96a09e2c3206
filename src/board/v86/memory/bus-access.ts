import type { V86Cpu } from '../v86-internals.ts'
import type { GuestMemory } from './guest-memory.ts'

const wordBytes = 4
/** v86 knows who answers for memory by blocks of this size. */
const blockBits = 17

/**
 * Reads a range of memory as instructions would: RAM at once, what devices have there in aligned words and bytes. Zeros
 * where nothing answers.
 */
export function readBus(cpu: V86Cpu, memory: GuestMemory, address: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  const inRam = Math.max(0, Math.min(length, memory.ramBytes - address))
  if (inRam > 0) bytes.set(memory.readPhysical(address, inRam))
  for (const { at, size, through } of pieces(cpu, memory, address + inRam, address + length)) {
    if (size === wordBytes) view.setInt32(at - address, through.read32(at | 0), true)
    else bytes[at - address] = through.read8(at | 0)
  }
  return bytes
}

/** Writes a range in the same way; what nothing takes is lost. */
export function writeBus(cpu: V86Cpu, memory: GuestMemory, address: number, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const inRam = Math.max(0, Math.min(bytes.length, memory.ramBytes - address))
  if (inRam > 0) memory.writePhysical(address, bytes.subarray(0, inRam))
  for (const { at, size, through } of pieces(cpu, memory, address + inRam, address + bytes.length)) {
    if (size === wordBytes) through.write32(at | 0, view.getInt32(at - address, true))
    else through.write8(at | 0, bytes[at - address]!)
  }
}

/** The accesses of which a range above RAM consists, in order, as far as something answers. */
function* pieces(cpu: V86Cpu, memory: GuestMemory, from: number, to: number) {
  const { own, devices } = memory.answering
  const ranges = [
    // The processor finds VGA memory at a fixed address, whatever else has been put there.
    ...devices.map((range) => ({ ...range, through: (at: number) => windowsAt(cpu, at) })),
    ...own.map((range) => ({ ...range, through: () => processor(cpu) })),
  ]
  for (let at = from; at < to; ) {
    const range = ranges.find(({ start, end }) => at >= start && at < end)
    if (range === undefined) {
      at = Math.min(...ranges.map(({ start }) => (start > at ? start : Infinity)), to)
      continue
    }
    const size = at % wordBytes === 0 && at + wordBytes <= Math.min(to, range.end) ? wordBytes : 1
    yield { at, size, through: range.through(at) }
    at += size
  }
}

interface Access {
  read8(address: number): number
  read32(address: number): number
  write8(address: number, value: number): void
  write32(address: number, value: number): void
}

function windowsAt(cpu: V86Cpu, at: number): Access {
  const block = at >>> blockBits
  return {
    read8: cpu.memory_map_read8[block]!,
    read32: cpu.memory_map_read32[block]!,
    write8: cpu.memory_map_write8[block]!,
    write32: cpu.memory_map_write32[block]!,
  }
}

function processor({ wm: { exports } }: V86Cpu): Access {
  return { read8: exports.read8, read32: exports.read32s, write8: exports.write8, write32: exports.write32 }
}
