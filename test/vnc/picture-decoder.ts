import { constants, createInflate, type Inflate } from 'node:zlib'

/** How a pixel stands in its bytes, as a client asks for it. */
export interface ClientFormat {
  readonly bits: 8 | 16 | 32
  readonly depth: number
  readonly bigEndian: boolean
  readonly max: readonly [red: number, green: number, blue: number]
  readonly shift: readonly [red: number, green: number, blue: number]
}

/** Gives the next bytes that a server has sent. */
export type Take = (bytes: number) => Promise<Uint8Array>

export interface DecodedArea {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/**
 * A picture as a client rebuilds it from rectangles, in its own pixels: written from the protocol's text, so that it shares
 * nothing with what it tests.
 */
export class PictureDecoder {
  width = 0
  height = 0
  /** Values of the client's format, rows from the top. */
  pixels = new Uint32Array(0)
  format: ClientFormat
  readonly #streams = new Map<string, Inflate>()

  constructor(format: ClientFormat) {
    this.format = format
  }

  resize(width: number, height: number): void {
    this.width = width
    this.height = height
    this.pixels = new Uint32Array(width * height)
  }

  close(): void {
    for (const stream of this.#streams.values()) stream.close()
  }

  /** What a colour becomes in the client's format. */
  static valueOf(colour: number, { max, shift }: ClientFormat): number {
    const parts = [colour >> 16, (colour >> 8) & 0xff, colour & 0xff]
    return parts.reduce(
      (sum, part, index) => sum + Math.floor((part * (max[index]! + 1)) / 256) * 2 ** shift[index]!,
      0,
    )
  }

  async decode(encoding: number, area: DecodedArea, take: Take): Promise<void> {
    switch (encoding) {
      case 0:
        return this.#fill(area, this.#values(await take(area.width * area.height * this.#bytes)))
      case 1:
        return this.#copy(area, await take(4))
      case 5:
        return this.#hextile(area, take)
      case 6: {
        const packed = await take(be32(await take(4)))
        return this.#fill(area, this.#values(await this.#inflate('zlib', packed)))
      }
      case 7:
        return this.#tight(area, take)
      case 16: {
        const packed = await take(be32(await take(4)))
        return this.#zrle(area, await this.#inflate('zrle', packed))
      }
      default:
        throw new Error(`the server has sent encoding ${encoding}`)
    }
  }

  get #bytes(): number {
    return this.format.bits / 8
  }

  #value(bytes: Uint8Array, at: number, size = this.#bytes): number {
    let value = 0
    for (let index = 0; index < size; index++)
      value = value * 256 + bytes[at + (this.format.bigEndian ? index : size - 1 - index)]!
    return value
  }

  #values(bytes: Uint8Array): Uint32Array {
    return Uint32Array.from({ length: bytes.length / this.#bytes }, (_, index) =>
      this.#value(bytes, index * this.#bytes),
    )
  }

  #fill({ x, y, width, height }: DecodedArea, values: Uint32Array | number): void {
    if (x + width > this.width || y + height > this.height) throw new Error('a rectangle is outside the picture')
    if (typeof values !== 'number' && values.length !== width * height)
      throw new Error(`${values.length} pixels for ${width}x${height}`)
    for (let row = 0; row < height; row++) {
      const at = (y + row) * this.width + x
      if (typeof values === 'number') this.pixels.fill(values, at, at + width)
      else this.pixels.set(values.subarray(row * width, (row + 1) * width), at)
    }
  }

  #copy(area: DecodedArea, bytes: Uint8Array): void {
    const [x, y] = [(bytes[0]! << 8) | bytes[1]!, (bytes[2]! << 8) | bytes[3]!]
    const part = new Uint32Array(area.width * area.height)
    for (let row = 0; row < area.height; row++) {
      const from = (y + row) * this.width + x
      part.set(this.pixels.subarray(from, from + area.width), row * area.width)
    }
    this.#fill(area, part)
  }

  async #hextile({ x, y, width, height }: DecodedArea, take: Take): Promise<void> {
    let [background, foreground] = [0, 0]
    const pixel = async (): Promise<number> => this.#value(await take(this.#bytes), 0)
    for (let top = 0; top < height; top += 16) {
      for (let left = 0; left < width; left += 16) {
        const tile = { x: x + left, y: y + top, width: Math.min(16, width - left), height: Math.min(16, height - top) }
        const [flags] = (await take(1)) as unknown as [number]
        if (flags & 1) {
          this.#fill(tile, this.#values(await take(tile.width * tile.height * this.#bytes)))
          continue
        }
        if (flags & 2) background = await pixel()
        if (flags & 4) foreground = await pixel()
        this.#fill(tile, background)
        const count = flags & 8 ? (await take(1))[0]! : 0
        for (let index = 0; index < count; index++) {
          const colour = flags & 16 ? await pixel() : foreground
          const [place, size] = (await take(2)) as unknown as [number, number]
          this.#fill(
            { x: tile.x + (place >> 4), y: tile.y + (place & 15), width: (size >> 4) + 1, height: (size & 15) + 1 },
            colour,
          )
        }
      }
    }
  }

  #zrle({ x, y, width, height }: DecodedArea, bytes: Uint8Array): void {
    let at = 0
    const next = (): number => bytes[at++]!
    const pixel = (): number => {
      const { value, bytes: used } = this.#compact(bytes, at)
      at += used
      return value
    }
    const runLength = (): number => {
      let length = 1
      for (;;) {
        const byte = next()
        length += byte
        if (byte !== 255) return length
      }
    }
    for (let top = 0; top < height; top += 64) {
      for (let left = 0; left < width; left += 64) {
        const tile = { x: x + left, y: y + top, width: Math.min(64, width - left), height: Math.min(64, height - top) }
        const values = new Uint32Array(tile.width * tile.height)
        const kind = next()
        const palette = Array.from({ length: kind & 127 }, () => (kind === 1 ? 0 : pixel()))
        if (kind === 0) for (let index = 0; index < values.length; index++) values[index] = pixel()
        else if (kind === 1) values.fill(pixel())
        else if (kind < 17) {
          const bits = kind === 2 ? 1 : kind < 5 ? 2 : 4
          for (let row = 0; row < tile.height; row++) {
            for (let column = 0, byte = 0, left = 0; column < tile.width; column++) {
              if (left === 0) [byte, left] = [next(), 8]
              left -= bits
              values[row * tile.width + column] = palette[(byte >> left) & (2 ** bits - 1)]!
            }
          }
        } else {
          for (let index = 0; index < values.length; ) {
            let value: number
            let length = 1
            if (kind === 128) [value, length] = [pixel(), runLength()]
            else {
              const entry = next()
              value = palette[entry & 127]!
              if (entry & 128) length = runLength()
            }
            values.fill(value, index, index + length)
            index += length
          }
        }
        this.#fill(tile, values)
      }
    }
    if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes of ZRLE are left`)
  }

  /** A pixel of three bytes, where four have one that says nothing. */
  #compact(bytes: Uint8Array, at: number): { value: number; bytes: number } {
    const { bits, depth, max, shift } = this.format
    const low = max.every((each, index) => each * 2 ** shift[index]! < 2 ** 24)
    const high = shift.every((each) => each > 7)
    if (bits !== 32 || depth > 24 || !(low || high)) return { value: this.#value(bytes, at), bytes: this.#bytes }
    return { value: this.#value(bytes, at, 3) * (low ? 1 : 256), bytes: 3 }
  }

  async #tight(area: DecodedArea, take: Take): Promise<void> {
    const { bits, depth, max, shift } = this.format
    const rgb = bits === 32 && depth === 24 && max.every((each) => each === 255)
    const size = rgb ? 3 : this.#bytes
    const read = (bytes: Uint8Array, at: number): number =>
      rgb ? shift.reduce((sum, each, index) => sum + bytes[at + index]! * 2 ** each, 0) : this.#value(bytes, at)
    const [control] = (await take(1)) as unknown as [number]
    if (control & 15) throw new Error('no stream is begun again')
    if (control >> 4 === 8) return this.#fill(area, read(await take(size), 0))
    if (control & 0x80) throw new Error(`the server has sent Tight ${control}`)
    const stream = (control >> 4) & 3
    const filter = control & 0x40 ? (await take(1))[0]! : 0
    const pixels = area.width * area.height
    const data = async (length: number): Promise<Uint8Array> => {
      if (length < 12) return take(length)
      let packed = 0
      for (let shift = 0; shift <= 14; shift += 7) {
        const [byte] = (await take(1)) as unknown as [number]
        packed |= (shift === 14 ? byte : byte & 127) << shift
        if (!(byte & 128)) break
      }
      return this.#inflate(`tight ${stream}`, await take(packed))
    }
    if (filter === 0) {
      const bytes = await data(pixels * size)
      return this.#fill(
        area,
        Uint32Array.from({ length: pixels }, (_, index) => read(bytes, index * size)),
      )
    }
    if (filter !== 1) throw new Error(`the server has sent filter ${filter} of Tight`)
    const count = (await take(1))[0]! + 1
    const entries = await take(count * size)
    const palette = Array.from({ length: count }, (_, index) => read(entries, index * size))
    const rowBytes = count === 2 ? Math.ceil(area.width / 8) : area.width
    const bytes = await data(rowBytes * area.height)
    const entry = (index: number): number => {
      const [row, column] = [Math.floor(index / area.width), index % area.width]
      return count === 2 ? (bytes[row * rowBytes + (column >> 3)]! >> (7 - (column & 7))) & 1 : bytes[index]!
    }
    this.#fill(
      area,
      Uint32Array.from({ length: pixels }, (_, index) => palette[entry(index)]!),
    )
  }

  async #inflate(name: string, bytes: Uint8Array): Promise<Uint8Array> {
    const known = this.#streams.get(name)
    const stream = known ?? createInflate()
    this.#streams.set(name, stream)
    const chunks: Buffer[] = []
    const keep = (chunk: Buffer): void => void chunks.push(chunk)
    stream.on('data', keep)
    await new Promise<void>((resolve, reject) => {
      stream.once('error', reject)
      stream.write(bytes)
      stream.flush(constants.Z_SYNC_FLUSH, () => {
        stream.off('error', reject)
        resolve()
      })
    })
    stream.off('data', keep)
    return Buffer.concat(chunks)
  }
}

export function be32(bytes: Uint8Array, at = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0)
}
