import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { systemCode } from '../errno/index.ts'
import { clearTimeout, setImmediate, setTimeout } from '../timers/index.ts'

const headerLength = 24
const recordLength = 16
/** Of microseconds, in the byte order that stands in it. */
const magic = 0xa1b2c3d4
const ethernet = 1
/** What waits for the end of a turn to be written at most, in bytes. */
const mostGathered = 64 << 10
/** What waits for the reader of a pipe at most; frames that come then are not kept. */
const mostHeld = 256 << 10
/** How long a pipe that is full is left alone: nobody tells when it no longer is. */
const retryMilliseconds = 20

/**
 * A file of frames, as tcpdump reads it. What comes in one turn is written at its end; a file that cannot be written to any
 * more stays as it is. A named pipe needs a reader, and misses frames if that is too slow; what comes to it is whole.
 *
 * @see https://ietf-opsawg-wg.github.io/draft-ietf-opsawg-pcap/draft-ietf-opsawg-pcap.html
 */
export class PcapFile {
  readonly #snapLength: number
  #file: number | undefined
  #waiting: Buffer[] = []
  #bytes = 0
  #last = 0
  /** Set while a full pipe is left alone. */
  #retry: ReturnType<typeof setTimeout> | undefined

  /**
   * @param snapLength - bytes that are kept of each frame
   * @throws {Error} with the system's `code`: ENXIO, if it is a named pipe that nobody reads
   */
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
    if (this.#retry !== undefined && this.#bytes + record.length > mostHeld) return
    if (this.#waiting.length === 0) setImmediate(() => this.#write())
    this.#waiting.push(record)
    this.#bytes += record.length
    if (this.#bytes > mostGathered) this.#write()
  }

  /** Writes what waits, as far as there is room. */
  close(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#write()
    this.#end()
  }

  #end(): void {
    clearTimeout(this.#retry)
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
    this.#waiting = []
  }

  #write(): void {
    if (this.#file === undefined || this.#retry !== undefined) return
    let rest = Buffer.concat(this.#waiting)
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#file, rest))
    } catch (error) {
      // The disk is full, or the reader has gone: half a record is the last.
      if (systemCode(error) !== 'EAGAIN') {
        this.#end()
        return
      }
      this.#retry = setTimeout(() => {
        this.#retry = undefined
        this.#write()
      }, retryMilliseconds).unref()
    }
    this.#waiting = rest.length === 0 ? [] : [rest]
    this.#bytes = rest.length
  }
}
