import { createRequire } from 'node:module'
import { endianness } from 'node:os'
import { errorName, strerror } from '../../../errno/index.ts'

/** The part of the `koffi` package that is used here. */
interface Koffi {
  load(path: null): { func(prototype: string): (...args: unknown[]) => number }
  errno(): number
}

/** Locks on single bytes of an open file, held by its descriptor: other descriptors conflict, of this process too. */
export interface ByteLocks {
  /** Takes a byte that others may take in the same way. @throws {Error} with the system's `code`, if one has it alone */
  share(fd: number, byte: number): void
  release(fd: number, byte: number): void
  /** Whether another descriptor holds the byte. */
  heldByOther(fd: number, byte: number): boolean
}

// Linux's numbers, the same on every 64-bit machine that Node runs on.
const fOfdGetLock = 36
const fOfdSetLock = 37
const readLock = 0
const writeLock = 1
const unlock = 2
const flockSize = 32

let loaded: ByteLocks | undefined | 'not tried' = 'not tried'

/**
 * Loads what Node lacks, once and only when somebody asks: it takes about ten milliseconds. Undefined where it cannot
 * be had: another system than 64-bit Linux, or the optional package `koffi` is not installed.
 */
export function loadByteLocks(): ByteLocks | undefined {
  if (loaded === 'not tried') loaded = tryLoad()
  return loaded
}

function tryLoad(): ByteLocks | undefined {
  const wide = ['x64', 'arm64', 'riscv64', 'loong64', 'ppc64'].includes(process.arch)
  if (process.platform !== 'linux' || !wide || endianness() !== 'LE') return undefined
  let koffi: Koffi
  try {
    koffi = createRequire(import.meta.url)('koffi')
  } catch {
    return undefined // an optional dependency: absent, or without a build for this machine
  }
  return bind(koffi)
}

function bind(koffi: Koffi): ByteLocks {
  const fcntl = koffi.load(null).func('int fcntl(int fd, int command, void *lock)')
  // One `struct flock` for all calls: they are synchronous.
  const flock = new DataView(new ArrayBuffer(flockSize))
  const bytes = new Uint8Array(flock.buffer)

  const call = (fd: number, command: number, type: number, byte: number): void => {
    bytes.fill(0)
    flock.setInt16(0, type, true)
    flock.setBigInt64(8, BigInt(byte), true)
    flock.setBigInt64(16, 1n, true)
    if (fcntl(fd, command, bytes) === 0) return
    const number = koffi.errno()
    throw Object.assign(new Error(`fcntl: ${strerror(number)}`), { code: errorName(number), syscall: 'fcntl' })
  }

  return {
    share: (fd, byte) => call(fd, fOfdSetLock, readLock, byte),
    release: (fd, byte) => call(fd, fOfdSetLock, unlock, byte),
    heldByOther(fd, byte) {
      call(fd, fOfdGetLock, writeLock, byte)
      return flock.getInt16(0, true) !== unlock
    },
  }
}
