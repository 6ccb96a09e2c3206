import { type LibcFunction, loadLibc } from '../../../libc/index.ts'
import type { V86Cpu } from '../v86-internals.ts'

const pageBytes = 4096
/** Linux: the pages are not needed, and read as zeros when they are touched again. */
const dontNeed = 4

/** Looked up when it is needed first; undefined where the C library cannot be had. */
let advise: LibcFunction | undefined | 'not tried' = 'not tried'

function lookUp(): LibcFunction | undefined {
  try {
    return loadLibc()?.func('int madvise(uintptr_t address, size_t length, int advice)')
  } catch {
    return undefined
  }
}

/**
 * Gives pages of the guest's RAM back to the host; the guest finds zeros there. Nothing happens where the system has no
 * way to do that, and to pages that do not lie as the host's do.
 */
export function releasePages(cpu: V86Cpu, address: number, length: number): void {
  if (advise === 'not tried') advise = lookUp()
  if (advise === undefined) return
  const { wasm_memory: memory, mem8 } = cpu
  const base = loadLibc()!.address(memory.buffer as ArrayBuffer) + BigInt(mem8.byteOffset)
  const from = roundUp(base + BigInt(address))
  const end = ((base + BigInt(address + length)) / BigInt(pageBytes)) * BigInt(pageBytes)
  if (end <= from) return
  advise(from, end - from, dontNeed)
}

function roundUp(address: bigint): bigint {
  return ((address + BigInt(pageBytes - 1)) / BigInt(pageBytes)) * BigInt(pageBytes)
}
