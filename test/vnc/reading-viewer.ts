import { connect, type Socket } from 'node:net'
import { Encoding } from '../../src/rfb/index.ts'

export interface ReadingViewerOptions {
  /** Of a unix socket. */
  readonly path: string
  /** The way in which pictures are to come. */
  readonly encoding?: number
  /**
   * How many bytes it reads in a second; as fast as they come, if absent. 0: none at all once it is shown the screen, of
   * which it asks for whole pictures without end.
   */
  readonly rate?: number
  /** Told of each part of the picture that has come. */
  readonly seen?: (area: { x: number; y: number; width: number; height: number }) => unknown
}

/** What else it understands. */
const others = [Encoding.copyRect, Encoding.desktopSize]
const pixelBytes = 4

/** Bytes that have come; reading further than there are throws `incomplete`. */
const incomplete = Symbol('more has to come')

/**
 * A viewer that reads what it is sent and rebuilds nothing of it, so that many of them cost little: it counts, and asks
 * for more when a picture has come.
 */
export class ReadingViewer {
  /** Bytes that it has been sent. */
  bytes = 0
  /** Pictures that have come as a whole. */
  updates = 0
  readonly #options: ReadingViewerOptions
  readonly #socket: Socket
  readonly #handshake: Handshake = { step: 'version' }
  #size = { width: 0, height: 0 }
  #pending: Buffer = Buffer.alloc(0)
  #at = 0
  /** Of the update that is coming. */
  #rectangles = 0
  #nagging: NodeJS.Timeout | undefined
  #resting: NodeJS.Timeout | undefined
  #entered: () => void = () => undefined

  private constructor(options: ReadingViewerOptions) {
    this.#options = options
    this.#socket = connect(options.path)
    this.#socket.on('error', () => undefined)
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  /** Connects, and asks for the picture; settles when the picture has come. */
  static async open(options: ReadingViewerOptions): Promise<ReadingViewer> {
    const viewer = new ReadingViewer(options)
    const entered = new Promise<void>((resolve, reject) => {
      viewer.#entered = resolve
      viewer.#socket.once('close', () => reject(new Error('the server has gone')))
    })
    await entered
    if (options.rate === 0) {
      viewer.#socket.pause()
      viewer.#nagging = setInterval(() => viewer.#request(false), 20)
    }
    return viewer
  }

  close(): void {
    clearInterval(this.#nagging)
    clearTimeout(this.#resting)
    this.#socket.destroy()
  }

  key(keysym: number): void {
    for (const down of [1, 0]) this.#socket.write(Uint8Array.of(4, down, 0, 0, 0, 0, keysym >> 8, keysym & 0xff))
  }

  #take(chunk: Buffer): void {
    this.bytes += chunk.length
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    try {
      for (;;) {
        this.#at = 0
        if (this.#handshake.step === 'served') this.#message()
        else this.#introduce()
        this.#pending = this.#pending.subarray(this.#at)
      }
    } catch (error) {
      if (error !== incomplete) throw error
    }
    const { rate } = this.#options
    if (rate === undefined || rate === 0 || this.updates === 0) return
    this.#socket.pause()
    this.#resting = setTimeout(() => this.#socket.resume(), (chunk.length / rate) * 1000)
  }

  #introduce(): void {
    const handshake = this.#handshake
    switch (handshake.step) {
      case 'version':
        this.#read(12)
        this.#socket.write('RFB 003.008\n')
        handshake.step = 'security'
        return
      case 'security':
        this.#read(this.#u8())
        this.#socket.write(Uint8Array.of(1)) // none
        handshake.step = 'result'
        return
      case 'result':
        this.#read(4)
        this.#socket.write(Uint8Array.of(1)) // shared
        handshake.step = 'init'
        return
      default: {
        const init = this.#read(24)
        this.#read(init.readUInt32BE(20))
        this.#size = { width: init.readUInt16BE(0), height: init.readUInt16BE(2) }
        const wanted = [this.#options.encoding ?? Encoding.tight, ...others]
        const message = Buffer.alloc(4 + 4 * wanted.length)
        message[0] = 2
        message.writeUInt16BE(wanted.length, 2)
        for (const [index, number] of wanted.entries()) message.writeInt32BE(number, 4 + 4 * index)
        this.#socket.write(message)
        this.#request(false)
        handshake.step = 'served'
      }
    }
  }

  #request(incremental: boolean): void {
    const { width, height } = this.#size
    const size = [width >> 8, width & 0xff, height >> 8, height & 0xff]
    this.#socket.write(Uint8Array.of(3, incremental ? 1 : 0, 0, 0, 0, 0, ...size))
  }

  /** A message, or the next rectangle of one. */
  #message(): void {
    if (this.#rectangles > 0) {
      this.#rectangle()
      this.#rectangles--
    } else {
      const type = this.#u8()
      if (type !== 0) throw new Error(`the server has sent message ${type}`)
      this.#rectangles = this.#read(3).readUInt16BE(1)
    }
    if (this.#rectangles > 0) return
    this.updates++
    this.#entered()
    this.#request(true)
  }

  #rectangle(): void {
    const header = this.#read(12)
    const [x, y, width, height] = [0, 2, 4, 6].map((at) => header.readUInt16BE(at)) as [
      ...[number, number, number],
      number,
    ]
    const encoding = header.readInt32BE(8)
    switch (encoding) {
      case Encoding.desktopSize:
        this.#size = { width, height }
        return
      case Encoding.raw:
        this.#read(width * height * pixelBytes)
        break
      case Encoding.copyRect:
        this.#read(4)
        break
      case Encoding.zlib:
      case Encoding.zrle:
        this.#read(this.#read(4).readUInt32BE())
        break
      case Encoding.tight:
        this.#tight(width, height)
        break
      default:
        throw new Error(`the server has sent encoding ${encoding}`)
    }
    this.#options.seen?.({ x, y, width, height })
  }

  #tight(width: number, height: number): void {
    const control = this.#u8()
    if (control >> 4 === 8) {
      this.#read(3)
      return
    }
    const filter = control & 0x40 ? this.#u8() : 0
    let bytes = width * height * 3
    if (filter === 1) {
      const colours = this.#u8() + 1
      this.#read(3 * colours)
      bytes = colours === 2 ? Math.ceil(width / 8) * height : width * height
    }
    if (bytes < 12) this.#read(bytes)
    else {
      let packed = 0
      for (let shift = 0; shift <= 14; shift += 7) {
        const byte = this.#u8()
        packed |= (shift === 14 ? byte : byte & 127) << shift
        if (!(byte & 128)) break
      }
      this.#read(packed)
    }
  }

  #u8(): number {
    return this.#read(1)[0]!
  }

  #read(bytes: number): Buffer {
    if (this.#at + bytes > this.#pending.length) throw incomplete
    this.#at += bytes
    return this.#pending.subarray(this.#at - bytes, this.#at)
  }
}

interface Handshake {
  step: 'version' | 'security' | 'result' | 'init' | 'served'
}
