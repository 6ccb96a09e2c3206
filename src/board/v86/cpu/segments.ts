import type { CpuRegisters, SegmentRegister } from '../../board.ts'
import type { GuestMemory } from '../memory/guest-memory.ts'
import type { V86Cpu } from '../v86-internals.ts'

/** v86's numbers of the segment registers. */
const indexes = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5, tr: 6, ldt: 7 } as const
/** In EFLAGS: virtual 8086 mode. */
const virtual8086 = 0x20000
/** In a descriptor's second word. */
const granularity = 0x800000
const wide = 0x400000
const busy = 0x0200
const accessed = 0x0100
const shown = 0x00ffff00
/** What segments are in virtual 8086 mode: data, writable, privilege level 3. */
const virtual8086Flags = 0xf300

/** Access bytes of the segments of a CPU that has been reset, by v86's numbers: code, data, a task and a table. */
const resetAccess = [0x93, 0x9b, 0x93, 0x93, 0x93, 0x93, 0x8b, 0x82]
const resetLimit = 0xffff

/**
 * Gives the segment registers what a CPU has there after a reset. v86 sets up a stack of its own, and leaves limits of 0,
 * which it does not heed in real mode; loading a segment register there changes neither limit nor access byte.
 */
export function resetSegments({ sreg, segment_offsets, segment_limits, segment_access_bytes }: V86Cpu): void {
  sreg[indexes.ss] = 0
  segment_offsets[indexes.ss] = 0
  for (const [index, access] of resetAccess.entries()) {
    segment_limits[index] = resetLimit
    segment_access_bytes[index] = access
  }
}

/**
 * The segment registers with their hidden parts. Of a descriptor's attributes v86 keeps the access byte alone, and not
 * even that for task and local table: the others are taken from the tables in memory, as long as these still say what
 * the CPU has loaded, and derived from limit and operand size otherwise.
 */
export function readSegments(cpu: V86Cpu, memory: GuestMemory): CpuRegisters['segments'] {
  const read = (index: number): SegmentRegister => segment(cpu, memory, index)
  const { es, cs, ss, ds, fs, gs, tr, ldt } = indexes
  return {
    es: read(es),
    cs: read(cs),
    ss: read(ss),
    ds: read(ds),
    fs: read(fs),
    gs: read(gs),
    ldt: read(ldt),
    tr: read(tr),
  }
}

function segment(cpu: V86Cpu, memory: GuestMemory, index: number): SegmentRegister {
  const selector = cpu.sreg[index]! & 0xffff
  const isSystem = index === indexes.tr || index === indexes.ldt
  const is8086 = (cpu.wm.exports.get_eflags() & virtual8086) !== 0 && !isSystem
  if (!isSystem && !is8086 && cpu.segment_is_null[index] !== 0) return { selector, base: 0, limit: 0, flags: 0 }
  const cached = { selector, base: cpu.segment_offsets[index]! >>> 0, limit: cpu.segment_limits[index]! >>> 0 }
  if (is8086) return { ...cached, limit: resetLimit, flags: virtual8086Flags }
  const derived = derivedFlags(cpu, index)
  if (cpu.protected_mode[0] === 0 || selector < 4) return { ...cached, flags: derived }
  const descriptor = readDescriptor(cpu, memory, selector)
  if (descriptor === undefined) return { ...cached, flags: derived }
  const { base, limit, flags } = descriptor
  const known = base === cached.base && limit === cached.limit && (isSystem || ((flags ^ derived) & 0xfe00) === 0)
  if (!known) return { ...cached, flags: derived }
  if (index === indexes.tr) return { ...cached, flags: flags & ~busy } // the CPU loads it before it marks it
  return { ...cached, flags: isSystem ? flags : flags | accessed }
}

/** The attributes that access byte, limit and operand size tell. */
function derivedFlags(cpu: V86Cpu, index: number): number {
  const limit = cpu.segment_limits[index]! >>> 0
  const access = cpu.segment_access_bytes[index]! << 8
  const isWide = index === indexes.cs ? cpu.is_32[0] : index === indexes.ss ? cpu.stack_size_32[0] : 0
  const size = isWide ? wide : 0
  return limit > 0xfffff ? access | size | granularity | ((limit >>> 12) & 0xf0000) : access | size | (limit & 0xf0000)
}

function readDescriptor(cpu: V86Cpu, memory: GuestMemory, selector: number) {
  const isLocal = (selector & 4) !== 0
  const table = isLocal ? cpu.segment_offsets[indexes.ldt]! : cpu.gdtr_offset[0]!
  const end = isLocal ? cpu.segment_limits[indexes.ldt]! : cpu.gdtr_size[0]!
  const offset = selector & 0xfff8
  if (offset + 7 > end) return undefined
  const low = memory.readWord((table >>> 0) + offset)
  const high = memory.readWord((table >>> 0) + offset + 4)
  if (low === undefined || high === undefined) return undefined
  const units = (low & 0xffff) | (high & 0xf0000)
  return {
    base: ((low >>> 16) | ((high & 0xff) << 16) | (high & 0xff000000)) >>> 0,
    limit: high & granularity ? ((units << 12) | 0xfff) >>> 0 : units,
    flags: high & shown,
  }
}
