import { constants, publicEncrypt } from 'node:crypto'
import { ByteInbox } from '../../src/bytes/index.ts'
import type { Duplex } from '../../src/transport/index.ts'
import { decompressLz } from './lz-decoder.ts'

export interface LinkWish {
  readonly type: number
  readonly id?: number
  /** 0 for a new session. */
  readonly session?: number
  readonly password?: string
  /** Bits of what it understands of every channel. */
  readonly capabilities?: number
}

/** Selection of the way to prove who one is, tickets, and short headers. */
const usualCapabilities = 0b1011

/** A channel of a SPICE client that does what a test says, and rebuilds the picture from what it is sent. */
export class SpiceClient {
  /** 0xRRGGBB. */
  picture: Uint32Array = new Uint32Array(0)
  width = 0
  height = 0
  /** Messages that have come, the last one last. */
  readonly messages: { readonly type: number; readonly body: Buffer }[] = []
  /** Of the reply. */
  channelCapabilities = 0
  readonly #duplex: Duplex
  readonly #inbox = new ByteInbox()
  #mini = true

  constructor(duplex: Duplex) {
    this.#duplex = duplex
    duplex.start({
      data: (chunk) => this.#inbox.push(chunk),
      end: () => this.#inbox.end(new Error('the server has ended the connection')),
      closed: () => this.#inbox.end(new Error('the connection is closed')),
    })
  }

  /** Opens the channel. @returns 0, or the number of what is wrong */
  async link({
    type,
    id = 0,
    session = 0,
    password = '',
    capabilities = usualCapabilities,
  }: LinkWish): Promise<number> {
    this.#mini = (capabilities & 0b1000) !== 0
    const body = Buffer.alloc(22)
    body.writeUInt32LE(session, 0)
    body.writeUInt8(type, 4)
    body.writeUInt8(id, 5)
    body.writeUInt32LE(1, 6)
    body.writeUInt32LE(18, 14)
    body.writeUInt32LE(capabilities, 18)
    this.send(linkHeader(body.length), body)
    const reply = await this.reply()
    const error = reply.readUInt32LE(0)
    if (error !== 0) return error
    if (reply.readUInt32LE(170) > 0) this.channelCapabilities = reply.readUInt32LE(182)
    if (capabilities & 1) this.send(Buffer.from([1, 0, 0, 0]))
    const key = { key: reply.subarray(4, 166), format: 'der', type: 'spki' } as const
    const ticket = Buffer.from(`${password}\0`)
    this.send(publicEncrypt({ ...key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, ticket))
    return Buffer.from(await this.#inbox.read(4)).readUInt32LE()
  }

  /** What the server answers to a link. */
  async reply(): Promise<Buffer> {
    const header = Buffer.from(await this.#inbox.read(16))
    return Buffer.from(await this.#inbox.read(header.readUInt32LE(12)))
  }

  send(...bytes: readonly Uint8Array[]): void {
    for (const each of bytes) this.#duplex.write(each)
  }

  /** Says a message. */
  say(type: number, body: Uint8Array = new Uint8Array(0)): void {
    const header = Buffer.alloc(this.#mini ? 6 : 18)
    header.writeUInt16LE(type, this.#mini ? 0 : 8)
    header.writeUInt32LE(body.length, this.#mini ? 2 : 10)
    this.send(header, body)
  }

  /** The next message of a type; those before it are dealt with, too. */
  async until(type: number): Promise<Buffer> {
    for (;;) {
      const message = await this.message()
      if (message.type === type) return message.body
    }
  }

  async message(): Promise<{ readonly type: number; readonly body: Buffer }> {
    const header = Buffer.from(await this.#inbox.read(this.#mini ? 6 : 18))
    const type = header.readUInt16LE(this.#mini ? 0 : 8)
    const body = Buffer.from(await this.#inbox.read(header.readUInt32LE(this.#mini ? 2 : 10)))
    this.messages.push({ type, body })
    if (type === 314) this.#surface(body)
    if (type === 304) this.#copy(body)
    if (type === 104 && body.length === 29) this.#move(body)
    return { type, body }
  }

  pause(): void {
    this.#duplex.pause()
  }

  resume(): void {
    this.#duplex.resume()
  }

  close(): void {
    this.#duplex.destroy()
  }

  #surface(body: Buffer): void {
    this.width = body.readUInt32LE(4)
    this.height = body.readUInt32LE(8)
    this.picture = new Uint32Array(this.width * this.height)
  }

  #copy(body: Buffer): void {
    const { x, y, width, height } = boxOf(body)
    const image = body.readUInt32LE(21)
    const pixels =
      body[image + 8] === 101 ? decompressLz(body.subarray(image + 22)).pixels : rawPixels(body.subarray(image + 36))
    if (pixels.length !== width * height) throw new Error(`${pixels.length} pixels for ${width}x${height}`)
    for (let row = 0; row < height; row++)
      this.picture.set(pixels.subarray(row * width, (row + 1) * width), (y + row) * this.width + x)
  }

  #move(body: Buffer): void {
    const { x, y, width, height } = boxOf(body)
    const [fromX, fromY] = [body.readInt32LE(21), body.readInt32LE(25)]
    const before = this.picture.slice()
    for (let row = 0; row < height; row++) {
      const at = (fromY + row) * this.width + fromX
      this.picture.set(before.subarray(at, at + width), (y + row) * this.width + x)
    }
  }
}

/** How a link begins. */
export function linkHeader(bytes: number, { magic = 'REDQ', major = 2 } = {}): Buffer {
  const header = Buffer.alloc(16)
  header.write(magic, 'latin1')
  header.writeUInt32LE(major, 4)
  header.writeUInt32LE(2, 8)
  header.writeUInt32LE(bytes, 12)
  return header
}

function boxOf(body: Buffer): { x: number; y: number; width: number; height: number } {
  const [top, left, bottom, right] = [4, 8, 12, 16].map((at) => body.readUInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ]
  return { x: left, y: top, width: right - left, height: bottom - top }
}

function rawPixels(bytes: Buffer): Uint32Array {
  return Uint32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32LE(4 * index))
}
