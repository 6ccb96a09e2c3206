import { closeSync, ftruncateSync, readSync, writeSync } from 'node:fs'
import { type LibcFunction, loadLibc } from '../../../libc/index.ts'
import type { ByteRange } from '../../state/ram-pages.ts'

/** Linux's, as it names them. */
const [closeOnExec, readable, writable] = [1, 1, 2]
const [mapPrivate, mapFixed, mapAnonymous, mapNoReserve] = [0x02, 0x10, 0x20, 0x4000]
/** Ranges of memory that is mapped begin and end at multiples of this. */
const hostPageBytes = 4096

interface Functions {
  readonly create: LibcFunction
  readonly map: LibcFunction
  readonly address: (memory: ArrayBuffer) => bigint
}

/** Looked up when they are needed first; undefined where the C library cannot be had. */
let functions: Functions | undefined | 'not tried' = 'not tried'

function lookUp(): Functions | undefined {
  const libc = loadLibc()
  if (libc === undefined) return undefined
  try {
    return {
      create: libc.func('int memfd_create(const char *name, unsigned int flags)'),
      map: libc.func(
        'int64_t mmap(uintptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)',
      ),
      address: (memory) => libc.address(memory),
    }
  } catch {
    return undefined
  }
}

/** Looks up in advance what a board that is to begin with a copy needs: that takes some milliseconds. */
export function prepareRamFiles(): void {
  found()
}

function found(): Functions | undefined {
  if (functions === 'not tried') functions = lookUp()
  return functions
}

/**
 * Puts a copy of parts of RAM into memory of the host that is a file without a name, each at its own place. Whoever maps it
 * shares it until it writes.
 *
 * @returns its descriptor, which belongs to the caller; undefined where the system has no such files, or no room
 */
export function ramFileOf(ram: Uint8Array, ranges: readonly ByteRange[]): number | undefined {
  const descriptor = found()?.create('vmon RAM', closeOnExec) ?? -1
  if (descriptor < 0) return undefined
  try {
    ftruncateSync(descriptor, ram.length)
    for (const { start, end } of ranges)
      for (let at = start; at < end; ) at += writeSync(descriptor, ram, at, end - at, at)
    return descriptor
  } catch {
    closeSync(descriptor)
    return undefined
  }
}

/**
 * Lets a part of RAM be what a file holds at the same place, without a copy: a page is copied when it is written first. Where
 * it cannot be mapped, it is read.
 *
 * @returns whether it is mapped
 */
export function mapRamFile(ram: Uint8Array, { start, end }: ByteRange, descriptor: number): boolean {
  if (mapOver(ram, { start, end }, mapPrivate, descriptor)) return true
  for (let at = start; at < end; ) {
    const count = readSync(descriptor, ram, at, end - at, at)
    if (count === 0) throw new Error('the copy of RAM ends too early')
    at += count
  }
  return false
}

/** Lets a part of RAM be memory that nobody has written to: it holds zeros, and takes none of the host's. @returns whether it is */
export function mapZeros(ram: Uint8Array, range: ByteRange): boolean {
  return mapOver(ram, range, mapPrivate | mapAnonymous | mapNoReserve, -1)
}

/**
 * V8 has taken the whole range for a WebAssembly memory, in one piece that it keeps until that is gone, and gives back by its
 * address: what lies in the place of a part of it goes with the rest.
 */
function mapOver(ram: Uint8Array, { start, end }: ByteRange, flags: number, descriptor: number): boolean {
  const system = found()
  if (system === undefined) return false
  const address = system.address(ram.buffer as ArrayBuffer) + BigInt(ram.byteOffset + start)
  if (address % BigInt(hostPageBytes) !== 0n || (end - start) % hostPageBytes !== 0) return false
  const protection = readable | writable
  const offset = descriptor < 0 ? 0 : start
  return BigInt(system.map(address, end - start, protection, flags | mapFixed, descriptor, offset)) === address
}
