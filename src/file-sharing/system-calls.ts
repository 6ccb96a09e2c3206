import { type Libc, loadLibc } from '../libc/index.ts'
import { FileError } from './file-error.ts'

/** Bytes of the largest extended attribute. */
const largestValue = 1 << 16
const noFollow = 0x100
const here = -100

/** What of the system Node has no words for. A file is a path that follows no link but in its last step, which is not followed. */
export interface SystemCalls {
  xattr(file: Buffer, name: string): Uint8Array
  /** Names, each with a zero behind it. */
  xattrs(file: Buffer): Uint8Array
  setXattr(file: Buffer, name: string, value: Uint8Array, flags: number): void
  removeXattr(file: Buffer, name: string): void
  /** Nanoseconds since 1970; undefined stays as it is, `now` is for the system to say. */
  setTimes(file: Buffer, accessed: bigint | 'now' | undefined, modified: bigint | 'now' | undefined): void
  makeNode(file: Buffer, mode: number, device: bigint): void
}

let calls: SystemCalls | undefined

/** Undefined where the C library cannot be called. */
export function systemCalls(): SystemCalls | undefined {
  const libc = loadLibc()
  if (libc !== undefined) calls ??= callsOf(libc)
  return calls
}

function callsOf(libc: Libc): SystemCalls {
  const get = libc.func('int64_t lgetxattr(const void *path, const void *name, void *value, size_t size)')
  const list = libc.func('int64_t llistxattr(const void *path, void *list, size_t size)')
  const set = libc.func('int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)')
  const remove = libc.func('int lremovexattr(const void *path, const void *name)')
  const times = libc.func('int utimensat(int dirfd, const void *path, const void *times, int flags)')
  const node = libc.func('int mknod(const void *path, uint32_t mode, uint64_t dev)')
  const checked = (result: number): number => {
    if (result >= 0) return result
    throw libc.error('shared folder')
  }
  return {
    xattr: (file, name) => {
      const value = new Uint8Array(largestValue)
      return value.slice(0, checked(get(ended(file), text(name), value, value.length)))
    },
    xattrs: (file) => {
      const names = new Uint8Array(largestValue)
      return names.slice(0, checked(list(ended(file), names, names.length)))
    },
    setXattr: (file, name, value, flags) => {
      checked(set(ended(file), text(name), value.length === 0 ? null : value, value.length, flags))
    },
    removeXattr: (file, name) => {
      checked(remove(ended(file), text(name)))
    },
    setTimes: (file, accessed, modified) => {
      const both = Buffer.alloc(32)
      for (const [index, time] of [accessed, modified].entries()) {
        const [seconds, nanoseconds] = timeSpec(time)
        both.writeBigInt64LE(seconds, 16 * index)
        both.writeBigInt64LE(nanoseconds, 16 * index + 8)
      }
      checked(times(here, ended(file), both, noFollow))
    },
    makeNode: (file, mode, device) => {
      checked(node(ended(file), mode, device))
    },
  }
}

function timeSpec(time: bigint | 'now' | undefined): readonly [bigint, bigint] {
  if (time === undefined) return [0n, (1n << 30n) - 2n]
  if (time === 'now') return [0n, (1n << 30n) - 1n]
  return [time / 1_000_000_000n, time % 1_000_000_000n]
}

function ended(path: Buffer): Buffer {
  return Buffer.concat([path, Buffer.alloc(1)])
}

/** @throws {FileError} if there cannot be such a name */
function text(name: string): Buffer {
  if (name.includes('\0')) throw new FileError('EINVAL')
  return Buffer.from(`${name}\0`, 'latin1')
}
