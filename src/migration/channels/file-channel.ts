import { close, open, read, write } from 'node:fs'
import { promisify } from 'node:util'
import { reasonText } from '../../errno/index.ts'
import { MigrationError } from '../migration-error.ts'
import type { Channel } from './channel.ts'

const [openFile, closeFile, readFile, writeFile] = [
  promisify(open) as (path: string, flags: string, mode: number) => Promise<number>,
  promisify(close),
  promisify(read),
  promisify(write),
]

/** A stream in a file. */
export class FileChannel implements Channel {
  readonly answers = false
  readonly #fd: number
  #state: 'open' | 'closed' = 'open'
  #reason: Error | undefined

  private constructor(fd: number) {
    this.#fd = fd
  }

  /** @throws {MigrationError} `channel`, if the file cannot be opened */
  static async open(path: string, direction: 'out' | 'in'): Promise<FileChannel> {
    try {
      return new FileChannel(await openFile(path, direction === 'out' ? 'w' : 'r', 0o600))
    } catch (error) {
      throw new MigrationError('channel', `Unable to open ${path}: ${reasonText(error)}`, error)
    }
  }

  /** A file that is open already; it belongs to the channel. */
  static of(fd: number): FileChannel {
    return new FileChannel(fd)
  }

  readonly write = async (...pieces: readonly Uint8Array[]): Promise<void> => {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length; ) {
        if (this.#reason !== undefined) throw this.#reason
        at += await this.#writeSome(piece.subarray(at))
      }
    }
  }

  readonly read = async (length: number): Promise<Buffer> => {
    const bytes = Buffer.alloc(length)
    let filled = 0
    while (filled < length) {
      if (this.#reason !== undefined) throw this.#reason
      const { bytesRead } = await readFile(this.#fd, bytes, filled, length - filled, null)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  }

  async finish(): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    await closeFile(this.#fd)
  }

  async destroy(reason: Error): Promise<void> {
    this.#reason ??= reason
    await this.finish()
  }

  async #writeSome(bytes: Uint8Array): Promise<number> {
    try {
      return (await writeFile(this.#fd, bytes, 0, bytes.length, null)).bytesWritten
    } catch (error) {
      throw new MigrationError('channel', `Unable to write to file: ${reasonText(error)}`, error)
    }
  }
}
