/**
 * Guest memory in files. Knows the board only as something whose memory can be read.
 */
export { MemoryFiles, type MemoryRange, type ReadableMemory } from './memory-file.ts'
