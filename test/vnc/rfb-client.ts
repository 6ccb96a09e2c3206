import type { Duplex } from '../../src/transport/index.ts'
import { be32, type ClientFormat, PictureDecoder } from './picture-decoder.ts'

export const proposedFormat: ClientFormat = {
  bits: 32,
  depth: 24,
  bigEndian: false,
  max: [255, 255, 255],
  shift: [16, 8, 0],
}

/** What else a server tells in rectangles. */
export interface Told {
  readonly encoding: number
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly bytes: Uint8Array
}

/** A VNC client that does what a test says, and rebuilds the picture from what it is sent. */
export class RfbClient {
  readonly picture = new PictureDecoder(proposedFormat)
  name = ''
  /** Pseudo-rectangles, in the order in which they came. */
  readonly told: Told[] = []
  /** Messages that are no pictures, by their type. */
  readonly messages: { readonly type: number; readonly bytes: Uint8Array }[] = []
  /** Encodings of the rectangles that have come. */
  readonly encodings = new Set<number>()
  readonly #duplex: Duplex
  #chunks: Uint8Array[] = []
  #buffered = 0
  #ended = false
  #wake: (() => void) | undefined

  constructor(duplex: Duplex) {
    this.#duplex = duplex
    const wake = (): void => this.#wake?.()
    duplex.start({
      data: (chunk) => {
        this.#chunks.push(chunk)
        this.#buffered += chunk.length
        wake()
      },
      end: () => {
        this.#ended = true
        wake()
      },
      closed: () => {
        this.#ended = true
        wake()
      },
    })
  }

  /** The next bytes from the server. @throws {Error} if it ends the connection before */
  readonly take = async (bytes: number): Promise<Uint8Array> => {
    while (this.#buffered < bytes) {
      if (this.#ended)
        throw new Error(`the server has gone, and left ${this.#buffered} bytes where ${bytes} were wanted`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    this.#chunks = bytes === all.length ? [] : [all.subarray(bytes)]
    this.#buffered -= bytes
    return all.subarray(0, bytes)
  }

  /** Settles when the server has ended the connection. @returns what it said last */
  async gone(): Promise<Uint8Array> {
    while (!this.#ended)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    return this.take(this.#buffered)
  }

  /** Reads no more for now: what comes waits in the connection. */
  pause(): void {
    this.#duplex.pause()
  }

  resume(): void {
    this.#duplex.resume()
  }

  /** Whether the server has ended the connection. */
  get ended(): boolean {
    return this.#ended
  }

  send(...bytes: readonly (number | Uint8Array | string)[]): void {
    const parts = bytes.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : Buffer.from(part)))
    this.#duplex.write(Buffer.concat(parts))
  }

  close(): void {
    this.picture.close()
    this.#duplex.destroy()
  }

  /** Speaks of versions and security up to the first picture's size. */
  async enter({ minor = 8, shared = true, answer }: EnterOptions = {}): Promise<void> {
    await this.take(12)
    this.send(`RFB 003.00${minor}\n`)
    let type: number
    if (minor === 3) type = be32(await this.take(4))
    else {
      const [count] = await this.take(1)
      type = (await this.take(count!))[0]!
      this.send(type)
    }
    if (type === 2) this.send(answer?.(await this.take(16)) ?? new Uint8Array(16))
    if (type === 2 || minor === 8) {
      const result = be32(await this.take(4))
      if (result !== 0) throw new Error(`not let in: ${result}`)
    }
    this.send(shared ? 1 : 0)
    await this.initialized()
  }

  async initialized(): Promise<void> {
    const bytes = await this.take(24)
    this.picture.resize((bytes[0]! << 8) | bytes[1]!, (bytes[2]! << 8) | bytes[3]!)
    this.name = Buffer.from(await this.take(be32(bytes, 20))).toString()
  }

  setFormat(format: ClientFormat): void {
    this.picture.format = format
    const { bits, depth, bigEndian, max, shift } = format
    this.send(Uint8Array.of(0, 0, 0, 0, bits, depth, bigEndian ? 1 : 0, 1))
    for (const each of max) this.send(each >> 8, each & 0xff)
    this.send(...shift, 0, 0, 0)
  }

  setEncodings(...numbers: readonly number[]): void {
    const bytes = Buffer.alloc(4 + 4 * numbers.length)
    bytes[0] = 2
    bytes.writeUInt16BE(numbers.length, 2)
    for (const [index, number] of numbers.entries()) bytes.writeInt32BE(number, 4 + 4 * index)
    this.send(bytes)
  }

  request(incremental = true, { width, height } = this.picture as { width: number; height: number }): void {
    this.send(3, incremental ? 1 : 0, 0, 0, 0, 0, width >> 8, width & 0xff, height >> 8, height & 0xff)
  }

  key(keysym: number, down: boolean): void {
    const bytes = Buffer.alloc(8)
    bytes.set([4, down ? 1 : 0])
    bytes.writeUInt32BE(keysym, 4)
    this.send(bytes)
  }

  pointer(buttons: number, x: number, y: number): void {
    this.send(5, buttons, x >> 8, x & 0xff, y >> 8, y & 0xff)
  }

  /** Takes one message of the server's. @returns its type */
  async message(): Promise<number> {
    const [type] = (await this.take(1)) as unknown as [number]
    if (type === 0) await this.#update()
    else if (type === 1) {
      const head = await this.take(5)
      this.messages.push({ type, bytes: await this.take(6 * ((head[3]! << 8) | head[4]!)) })
    } else if (type === 150) this.messages.push({ type, bytes: new Uint8Array(0) })
    else if (type === 248) {
      const head = await this.take(8)
      const payload = await this.take(head[7]!)
      this.messages.push({ type, bytes: Buffer.concat([head.subarray(3, 7), payload]) })
    } else if (type === 250) this.messages.push({ type, bytes: await this.take(3) })
    else throw new Error(`the server has sent message ${type}`)
    return type
  }

  /** Takes messages until one is of that type. */
  async until(type: number): Promise<void> {
    while ((await this.message()) !== type);
  }

  async #update(): Promise<void> {
    const head = await this.take(3)
    let count = (head[1]! << 8) | head[2]!
    for (; count > 0; count--) {
      const bytes = await this.take(12)
      const view = new DataView(bytes.buffer, bytes.byteOffset, 12)
      const [x, y, width, height] = [0, 2, 4, 6].map((at) => view.getUint16(at)) as [number, number, number, number]
      const encoding = view.getInt32(8)
      if (encoding >= 0) {
        this.encodings.add(encoding)
        await this.picture.decode(encoding, { x, y, width, height }, this.take)
        continue
      }
      const size = await this.#pseudoBytes(encoding)
      this.told.push({ encoding, x, y, width, height, bytes: await this.take(size) })
      if (encoding === -223 || (encoding === -308 && x !== 1)) this.picture.resize(width, height)
    }
  }

  async #pseudoBytes(encoding: number): Promise<number> {
    if (encoding === -308) return 4 + 16 * (await this.#peek(1))[0]!
    if (encoding === -307) return 4 + be32(await this.#peek(4))
    return encoding === -261 ? 1 : 0
  }

  async #peek(bytes: number): Promise<Uint8Array> {
    const taken = await this.take(bytes)
    this.#chunks.unshift(taken)
    this.#buffered += bytes
    return taken
  }
}

export interface EnterOptions {
  readonly minor?: 3 | 7 | 8
  readonly shared?: boolean
  readonly answer?: (challenge: Uint8Array) => Uint8Array
}
