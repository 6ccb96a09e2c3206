import { type BigIntStats, close, constants, fstat, lstat, open } from 'node:fs'
import { promisify } from 'node:util'
import { FileError } from './file-error.ts'

const openFile = promisify(open)
const closeFile = promisify(close)
const statOf = promisify(fstat) as unknown as (fd: number, options: { bigint: true }) => Promise<BigIntStats>
const linkStatOf = promisify(lstat) as unknown as (path: Buffer, options: { bigint: true }) => Promise<BigIntStats>

/** Opens a place without what is there: no permission to read is needed, and no device hears of it (Linux's `O_PATH`). */
const placeOnly = 0x200000
const largestName = 255

/** Where a file is below a folder: the names on the way; none for the folder itself. A character is a byte. */
export type FilePath = readonly string[]

/** A file that is held by a descriptor: whoever moves it or puts another one into its place does not change what this is. */
export interface HeldFile {
  /** Leads to it, whatever it is: a link is followed no further. */
  readonly path: string
  readonly stats: BigIntStats
}

/**
 * A folder of the host's, above which nothing is reached. Each step of a path is made from a descriptor of the folder
 * before, by one name, and follows no link: neither links that a guest makes, nor `..`, nor what others move meanwhile
 * leads out. The kernel offers that by `/proc/self/fd`.
 */
export class HostFolder {
  readonly #root: number

  private constructor(root: number) {
    this.#root = root
  }

  /** @throws {Error} of the system, if it cannot be opened */
  static async open(path: string): Promise<HostFolder> {
    return new HostFolder(await openFile(path, placeOnly | constants.O_DIRECTORY))
  }

  async close(): Promise<void> {
    await closeFile(this.#root)
  }

  /** Works with a path by which calls of the system that follow no link find the file itself. @throws {Error} of the system */
  async at<T>(path: FilePath, work: (file: Buffer) => Promise<T>): Promise<T> {
    const name = path.at(-1)
    if (name === undefined) return await work(Buffer.from(`${folderOf(this.#root)}/.`))
    requireName(name)
    return await this.#within(path.slice(0, -1), constants.O_DIRECTORY, (fd) =>
      work(Buffer.from(`${folderOf(fd)}/${name}`, 'latin1')),
    )
  }

  /** Works with the file while a descriptor holds it. @throws {Error} of the system */
  async hold<T>(path: FilePath, work: (file: HeldFile) => Promise<T>): Promise<T> {
    return await this.#within(path, 0, async (fd) =>
      work({ path: folderOf(fd), stats: await statOf(fd, { bigint: true }) }),
    )
  }

  async stats(path: FilePath): Promise<BigIntStats> {
    return await this.at(path, (file) => linkStatOf(file, { bigint: true }))
  }

  async #within<T>(path: FilePath, flags: number, work: (fd: number) => Promise<T>): Promise<T> {
    let fd = this.#root
    try {
      for (const [index, name] of path.entries()) {
        requireName(name)
        const more = index + 1 < path.length ? constants.O_DIRECTORY : flags
        const next = Buffer.from(`${folderOf(fd)}/${name}`, 'latin1')
        const found = await openFile(next, placeOnly | constants.O_NOFOLLOW | more)
        if (fd !== this.#root) await closeFile(fd)
        fd = found
      }
      return await work(fd)
    } finally {
      if (fd !== this.#root) await closeFile(fd)
    }
  }
}

function folderOf(fd: number): string {
  return `/proc/self/fd/${fd}`
}

/** @throws {FileError} if it is no name of something in a folder */
export function requireName(name: string): void {
  if (name === '' || name.includes('/') || name.includes('\0')) throw new FileError('ENOENT')
  if (name === '.' || name === '..') throw new FileError('EINVAL')
  if (name.length > largestName) throw new FileError('ENAMETOOLONG')
}
