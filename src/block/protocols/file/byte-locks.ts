import { type Libc, loadLibc } from '../../../libc/index.ts'

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

let loaded: ByteLocks | undefined

/** Makes ready what Node lacks, when it is first asked for; undefined where there is no `loadLibc`. */
export function loadByteLocks(): ByteLocks | undefined {
  if (loaded === undefined) {
    const libc = loadLibc()
    if (libc !== undefined) loaded = bind(libc)
  }
  return loaded
}

function bind(libc: Libc): ByteLocks {
  const fcntl = libc.func('int fcntl(int fd, int command, void *lock)')
  // One `struct flock` for all calls: they are synchronous.
  const flock = new DataView(new ArrayBuffer(flockSize))
  const bytes = new Uint8Array(flock.buffer)

  const call = (fd: number, command: number, type: number, byte: number): void => {
    bytes.fill(0)
    flock.setInt16(0, type, true)
    flock.setBigInt64(8, BigInt(byte), true)
    flock.setBigInt64(16, 1n, true)
    if (fcntl(fd, command, bytes) !== 0) throw libc.error('fcntl')
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
