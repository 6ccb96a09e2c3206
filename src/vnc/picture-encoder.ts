import { promisify } from 'node:util'
import { constants, deflateRaw, deflateRawSync } from 'node:zlib'
import type { Area, SharedScreen } from '../display/index.ts'
import { type EncodedRectangle, type PictureEncoding, PixelCoder, type PixelFormat } from '../rfb/index.ts'

/** Takes zlib's function when it is called: a machine without viewers never loads zlib. */
const deflateAside = (bytes: Uint8Array, options: object): Promise<Buffer> =>
  promisify<Uint8Array, object, Buffer>(deflateRaw)(bytes, options)
/** More than this is compressed by another thread. */
const largestAtOnce = 1 << 16

/** A rectangle as it is sent to everybody who wants it like that; `blocks` are the bytes of its tail, compressed. */
export interface SharedRectangle extends EncodedRectangle {
  readonly blocks?: Uint8Array
}

/** How a client wants pictures. */
export interface PictureWish {
  readonly encoding: PictureEncoding
  readonly format: PixelFormat
  /** How hard to try, 0 to 9. */
  readonly compression: number
}

/** Encodes parts of a screen, once for all clients that want them in the same way. */
export class PictureEncoder {
  readonly #screen: SharedScreen
  #revision = 0
  readonly #done = new Map<string, Promise<SharedRectangle>>()
  readonly #coders = new Map<string, PixelCoder>()

  constructor(screen: SharedScreen) {
    this.#screen = screen
  }

  /** A part of the screen as it is at the time of the call. */
  encode(area: Area, wish: PictureWish): Promise<SharedRectangle> {
    if (this.#revision !== this.#screen.revision) {
      this.#revision = this.#screen.revision
      this.#done.clear()
    }
    const format = JSON.stringify(wish.format)
    const key = [area.x, area.y, area.width, area.height, wish.encoding.number, wish.compression, format].join()
    const known = this.#done.get(key)
    if (known !== undefined) return known
    const made = this.#encode(area, wish, this.#coder(wish.format, format))
    this.#done.set(key, made)
    return made
  }

  async #encode(area: Area, { encoding, compression }: PictureWish, coder: PixelCoder): Promise<SharedRectangle> {
    const { width, height } = area
    const encoded = encoding.encode({ width, height, pixels: coder.encode(this.#screen.cut(area)), coder })
    if (encoded.tail === undefined) return encoded
    const { bytes } = encoded.tail
    const options = { level: compression, finishFlush: constants.Z_SYNC_FLUSH }
    const blocks = bytes.length > largestAtOnce ? await deflateAside(bytes, options) : deflateRawSync(bytes, options)
    return { ...encoded, blocks }
  }

  #coder(format: PixelFormat, key: string): PixelCoder {
    const known = this.#coders.get(key)
    if (known !== undefined) return known
    // Who changes the format all the time is not remembered.
    if (this.#coders.size >= 16) this.#coders.clear()
    const coder = new PixelCoder(format)
    this.#coders.set(key, coder)
    return coder
  }
}
