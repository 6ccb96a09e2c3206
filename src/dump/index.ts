/**
 * Guest memory in files: raw, and as core files for debuggers. Knows the board only as something whose memory and
 * registers can be read.
 */
export { DumpQueryResult, dumpEvents } from './events.ts'
export { type DumpRequest, GuestDump } from './guest-dump.ts'
export { MemoryFiles, type MemoryRange, type ReadableMemory } from './memory-file.ts'
