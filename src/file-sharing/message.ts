import { FileError } from './file-error.ts'

/** The largest message that there can be, in bytes: what a driver can make of its queue, and some room. */
export const largestMessage = 1 << 20
/** What every message begins with: its length, its type, and the tag that its answer has, too. */
export const headBytes = 7

/** A file as the protocol tells it: its type, a number that changes with its contents, and one that stays. */
export interface Qid {
  readonly type: number
  readonly version: number
  readonly path: bigint
}

/** Reads a message; texts are bytes of the host's, a character each. @throws {FileError} EINVAL, where it ends too early */
export class MessageReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2))
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4))
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8))
  }

  text(): string {
    const length = this.u16()
    const at = this.#take(length)
    return this.#bytes.toString('latin1', at, at + length)
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  #take(count: number): number {
    const at = this.#at
    if (at + count > this.#bytes.length) throw new FileError('EINVAL')
    this.#at += count
    return at
  }
}

/** Makes the body of an answer. */
export class MessageWriter {
  #bytes = Buffer.alloc(256)
  #at = 0

  get length(): number {
    return this.#at
  }

  u8(value: number): this {
    const at = this.#grow(1)
    this.#bytes.writeUInt8(value, at)
    return this
  }

  u16(value: number): this {
    const at = this.#grow(2)
    this.#bytes.writeUInt16LE(value, at)
    return this
  }

  u32(value: number): this {
    const at = this.#grow(4)
    this.#bytes.writeUInt32LE(value >>> 0, at)
    return this
  }

  u64(value: bigint): this {
    const at = this.#grow(8)
    this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at)
    return this
  }

  text(text: string): this {
    this.u16(text.length)
    return this.bytes(Buffer.from(text, 'latin1'))
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }

  qid({ type, version, path }: Qid): this {
    return this.u8(type).u32(version).u64(path)
  }

  /** The whole message. */
  message(type: number, tag: number): Uint8Array {
    const all = new Uint8Array(headBytes + this.#at)
    const view = new DataView(all.buffer)
    view.setUint32(0, all.length, true)
    view.setUint8(4, type)
    view.setUint16(5, tag, true)
    all.set(this.#bytes.subarray(0, this.#at), headBytes)
    return all
  }

  /** Makes room, maybe in other memory. @returns where it begins */
  #grow(count: number): number {
    const at = this.#at
    this.#at += count
    if (this.#at > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(this.#at, 2 * this.#bytes.length))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    return at
  }
}
