import { type Libc, loadLibc } from '../../../libc/index.ts'

/** What the system knows of a file's holes. */
export interface Holes {
  /**
   * What is at an offset, and how far it goes: data, or a hole. `length` bytes at most are looked at.
   *
   * @param size - where the file ends; what lies behind is a hole
   */
  look(fd: number, offset: number, length: number, size: number): { readonly data: boolean; readonly length: number }
  /** Gives a range back to the file system; it reads as zeroes then. @returns false, if the file system cannot */
  punch(fd: number, offset: number, length: number): boolean
  /** Makes a range read as zeroes, and keeps its place. @returns false, if the file system cannot */
  zero(fd: number, offset: number, length: number): boolean
}

// Linux's numbers.
const seekData = 3
const seekHole = 4
const keepSize = 1
const punchHole = 2
const zeroRange = 16
const noSuchAddress = 6

let loaded: Holes | undefined

/** Makes ready what Node lacks, when it is first asked for; undefined where there is no `loadLibc`. */
export function loadHoles(): Holes | undefined {
  if (loaded === undefined) {
    const libc = loadLibc()
    if (libc !== undefined) loaded = bind(libc)
  }
  return loaded
}

function bind(libc: Libc): Holes {
  const lseek = libc.func('int64_t lseek(int fd, int64_t offset, int whence)')
  const fallocate = libc.func('int fallocate(int fd, int mode, int64_t offset, int64_t length)')
  const seek = (fd: number, offset: number, whence: number): number => Number(lseek(fd, offset, whence))

  return {
    look(fd, offset, length, size) {
      if (offset >= size) return { data: false, length }
      const data = seek(fd, offset, seekData)
      // No data from here to the end, or a file system that cannot tell.
      if (data < 0) return { data: libc.errno() !== noSuchAddress, length }
      if (data > offset) return { data: false, length: Math.min(length, data - offset) }
      const hole = seek(fd, offset, seekHole)
      return { data: true, length: hole < 0 ? length : Math.min(length, hole - offset) }
    },
    punch: (fd, offset, length) => fallocate(fd, punchHole | keepSize, offset, length) === 0,
    zero: (fd, offset, length) => fallocate(fd, zeroRange | keepSize, offset, length) === 0,
  }
}
