import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MigrationError } from '../migration-error.ts'
import { bitBytes, packBitmapPart, packBitmaps, unpackBitmapPart, unpackBitmaps } from './bitmap-section.ts'

const description = {
  node: 'disk',
  name: 'b',
  granularity: 65536,
  byteLength: 1 << 20,
  enabled: true,
  persistent: false,
}
const bitmaps = [description, { ...description, name: 'c', granularity: 512, byteLength: 513 }]

describe('dirty bitmaps in a stream', () => {
  it('come out as they went in', () => {
    assert.deepEqual(unpackBitmaps(packBitmaps(bitmaps)), bitmaps)
    const part = { offset: 1, bytes: Buffer.of(0x81) }
    assert.deepEqual(unpackBitmapPart(packBitmapPart(0, part), bitmaps), { bitmap: 0, ...part })
    assert.deepEqual(bitmaps.map(bitBytes), [2, 1])
  })

  it('are refused if they are described otherwise', () => {
    for (const wrong of [
      { granularity: 256 },
      { granularity: 768 },
      { granularity: 2 ** 32 },
      { byteLength: -1 },
      { byteLength: 2 ** 60 },
      { name: '' },
      { node: 'x'.repeat(256) },
      { enabled: 1 },
      { persistent: undefined },
    ]) {
      const contents = Buffer.from(JSON.stringify({ bitmaps: [{ ...description, ...wrong }] }))
      assert.throws(() => unpackBitmaps(contents), MigrationError, JSON.stringify(wrong))
    }
    for (const text of ['', '{}', '{"bitmaps": {}}', '{"bitmaps": [null]}'])
      assert.throws(() => unpackBitmaps(Buffer.from(text)), MigrationError, text)
  })

  it('have no bits but their own', () => {
    for (const [bitmap, offset, length] of [
      [0, 2, 1],
      [0, 0, 3],
      [1, 1, 1],
      [2, 0, 1],
      [0, 0, 0],
    ] as const)
      assert.throws(
        () => unpackBitmapPart(packBitmapPart(bitmap, { offset, bytes: Buffer.alloc(length) }), bitmaps),
        MigrationError,
      )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 16 }), (contents) => {
        try {
          const { bitmap, offset, bytes } = unpackBitmapPart(contents, bitmaps)
          assert.ok(offset + bytes.length <= bitBytes(bitmaps[bitmap]!))
        } catch (error) {
          assert.ok(error instanceof MigrationError)
        }
      }),
      { seed: 1, numRuns: 1000 },
    )
  })
})
