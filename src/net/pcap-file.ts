import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { setImmediate } from '../timers/index.ts'

const headerLength = 24
const recordLength = 16
/** Of microseconds, in the byte order that stands in it. */
const magic = 0xa1b2c3d4
const ethernet = 1
/** What waits to be written at most. */
const mostWaiting = 64 << 10

/**
 * A file of frames, as tcpdump reads it. What comes in one turn is written at its end; a file that cannot be written to any
 * more stays as it is.
 *
 * @see https://ietf-opsawg-wg.github.io/draft-ietf-opsawg-pcap/draft-ietf-opsawg-pcap.html
 */
export class PcapFile {
  readonly #snapLength: number
  #file: number | undefined
  #waiting: Buffer[] = []
  #bytes = 0
  #last = 0

  /** @param snapLength - bytes that are kept of each frame @throws {Error} with the system's `code` */
  constructor(path: string, snapLength: number) {
    this.#snapLength = snapLength
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants
    this.#file = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0o644) // a pipe without a reader would wait
    const header = Buffer.alloc(headerLength)
    header.writeUInt32LE(magic, 0)
    header.writeUInt16LE(2, 4)
    header.writeUInt16LE(4, 6)
    header.writeUInt32LE(snapLength, 16)
    header.writeUInt32LE(ethernet, 20)
    this.#waiting.push(header)
    this.#write()
  }

  add(frame: Uint8Array): void {
    if (this.#file === undefined) return
    const kept = frame.subarray(0, this.#snapLength)
    const record = Buffer.allocUnsafe(recordLength + kept.length)
    // Time does not go back in it.
    this.#last = Math.max(this.#last, performance.timeOrigin + performance.now())
    record.writeUInt32LE(Math.floor(this.#last / 1000), 0)
    record.writeUInt32LE(Math.floor((this.#last % 1000) * 1000), 4)
    record.writeUInt32LE(kept.length, 8)
    record.writeUInt32LE(frame.length, 12)
    record.set(kept, recordLength)
    if (this.#waiting.length === 0) setImmediate(() => this.#write())
    this.#waiting.push(record)
    this.#bytes += record.length
    if (this.#bytes > mostWaiting) this.#write()
  }

  close(): void {
    this.#write()
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #write(): void {
    const bytes = Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#bytes = 0
    try {
      for (let at = 0; at < bytes.length && this.#file !== undefined; ) at += writeSync(this.#file, bytes, at)
    } catch {
      // The disk is full, or nobody reads: half a record is the last.
      if (this.#file !== undefined) closeSync(this.#file)
      this.#file = undefined
    }
  }
}
