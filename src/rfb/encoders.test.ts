import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { type ClientFormat, PictureDecoder } from '../../test/vnc/picture-decoder.ts'
import { preferredEncoding } from './encoders.ts'
import { PixelCoder, type PixelFormat } from './pixel-format.ts'
import { printTail } from './rectangle.ts'

const formats: Readonly<Record<string, ClientFormat>> = {
  'what is proposed': { bits: 32, depth: 24, bigEndian: false, max: [255, 255, 255], shift: [16, 8, 0] },
  'the other order of bytes': { bits: 32, depth: 24, bigEndian: true, max: [255, 255, 255], shift: [16, 8, 0] },
  'blue first': { bits: 32, depth: 24, bigEndian: false, max: [255, 255, 255], shift: [0, 8, 16] },
  'the high bytes': { bits: 32, depth: 24, bigEndian: false, max: [255, 255, 255], shift: [24, 16, 8] },
  'the high bytes in the other order': {
    bits: 32,
    depth: 24,
    bigEndian: true,
    max: [255, 255, 255],
    shift: [8, 16, 24],
  },
  'places between bytes': { bits: 32, depth: 24, bigEndian: true, max: [255, 255, 255], shift: [20, 10, 0] },
  'a depth of 32': { bits: 32, depth: 32, bigEndian: false, max: [255, 255, 255], shift: [16, 8, 0] },
  'ten bits, of which eight are used': {
    bits: 32,
    depth: 30,
    bigEndian: false,
    max: [255, 255, 255],
    shift: [22, 12, 2],
  },
  '16 bits': { bits: 16, depth: 16, bigEndian: false, max: [31, 63, 31], shift: [11, 5, 0] },
  '16 bits in the other order': { bits: 16, depth: 16, bigEndian: true, max: [31, 63, 31], shift: [11, 5, 0] },
  '15 bits': { bits: 16, depth: 15, bigEndian: false, max: [31, 31, 31], shift: [10, 5, 0] },
  '8 bits': { bits: 8, depth: 8, bigEndian: false, max: [7, 7, 3], shift: [0, 3, 6] },
  '6 bits': { bits: 8, depth: 6, bigEndian: false, max: [3, 3, 3], shift: [4, 2, 0] },
}
const encodings = { raw: 0, hextile: 5, zlib: 6, tight: 7, zrle: 16 } as const

function serverFormat({ bits, depth, bigEndian, max, shift }: ClientFormat): PixelFormat {
  const [red, green, blue] = max.map((each, index) => ({ max: each, shift: shift[index]! })) as [
    PixelFormat['red'],
    PixelFormat['green'],
    PixelFormat['blue'],
  ]
  return { bitsPerPixel: bits, depth, bigEndian, trueColour: true, red, green, blue }
}

/** Sends pictures one after the other over one connection, and gives what a client makes of each. */
class Line {
  readonly decoder: PictureDecoder
  readonly #coder: PixelCoder
  readonly #encoding: ReturnType<typeof preferredEncoding>
  readonly #begun = new Set<number>()

  constructor(number: number, format: ClientFormat) {
    this.decoder = new PictureDecoder(format)
    this.#coder = new PixelCoder(serverFormat(format))
    this.#encoding = preferredEncoding([number])
  }

  async send(width: number, height: number, colours: Uint32Array): Promise<void> {
    this.decoder.resize(width, height)
    for (const area of this.#encoding.areas({ x: 0, y: 0, width, height })) {
      const part = new Uint32Array(area.width * area.height)
      for (let row = 0; row < area.height; row++) {
        const from = (area.y + row) * width + area.x
        part.set(colours.subarray(from, from + area.width), row * area.width)
      }
      const pixels = this.#coder.encode(part)
      const { head, tail } = this.#encoding.encode({ ...area, pixels, coder: this.#coder })
      const parts = [head]
      if (tail !== undefined) {
        const blocks = deflateRawSync(tail.bytes, { finishFlush: constants.Z_SYNC_FLUSH })
        parts.push(printTail(tail, blocks, !this.#begun.has(tail.stream)))
        this.#begun.add(tail.stream)
      }
      const bytes = Buffer.concat(parts)
      let at = 0
      await this.decoder.decode(this.#encoding.number, area, async (count) => {
        assert.ok(at + count <= bytes.length, 'more is read than was sent')
        at += count
        return bytes.subarray(at - count, at)
      })
      assert.equal(at, bytes.length, 'all that was sent is read')
    }
  }
}

/** Pictures of few and of many colours, in runs and at random. */
const pictures = fc
  .record({
    width: fc.integer({ min: 1, max: 150 }),
    height: fc.integer({ min: 1, max: 70 }),
    palette: fc.array(fc.integer({ min: 0, max: 0xffffff }), { minLength: 1, maxLength: 300 }),
    longest: fc.constantFrom(1, 2, 5, 40, 700),
    seed: fc.integer(),
  })
  .map(({ width, height, palette, longest, seed }) => {
    let state = seed
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
      return (state >>> 8) % below
    }
    const colours = new Uint32Array(width * height)
    for (let at = 0; at < colours.length; ) {
      const end = at + 1 + random(longest)
      colours.fill(palette[random(palette.length)]!, at, end)
      at = end
    }
    return { width, height, colours }
  })

for (const [name, number] of Object.entries(encodings)) {
  test(`a client rebuilds each picture from ${name}, whatever its pixels are like`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(pictures, { minLength: 1, maxLength: 4 }), async (sent) => {
        for (const [title, format] of Object.entries(formats)) {
          const line = new Line(number, format)
          for (const { width, height, colours } of sent) {
            await line.send(width, height, colours)
            const expected = Uint32Array.from(colours, (colour) => PictureDecoder.valueOf(colour, format))
            assert.deepEqual(line.decoder.pixels, expected, title)
          }
          line.decoder.close()
        }
      }),
      { numRuns: Number(process.env['VMON_PICTURES'] ?? 6) },
    )
  })
}

test('a picture wider than a rectangle of Tight can be is sent as several, and a large one in parts', async () => {
  const line = new Line(encodings.tight, formats['what is proposed']!)
  const [width, height] = [2100, 300]
  const colours = Uint32Array.from({ length: width * height }, (_, index) => Math.imul(index, 2654435761) & 0xffffff)
  await line.send(width, height, colours)
  assert.deepEqual(line.decoder.pixels, colours)
  line.decoder.close()
})
