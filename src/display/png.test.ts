import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync, inflateSync } from 'node:zlib'
import { encodePng } from './png.ts'

interface Chunk {
  readonly type: string
  readonly data: Buffer
}

/** zlib's own CRC: the trailer of a gzip file holds it. */
function crcOf(bytes: Uint8Array): number {
  const file = gzipSync(bytes)
  return file.readUInt32LE(file.length - 8)
}

/** The chunks of a PNG file, each CRC checked. */
function chunksOf(file: Uint8Array): Chunk[] {
  const bytes = Buffer.from(file)
  assert.equal(bytes.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n')
  const chunks: Chunk[] = []
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at)
    const body = bytes.subarray(at + 4, at + 8 + length)
    assert.equal(bytes.readUInt32BE(at + 8 + length), crcOf(body))
    chunks.push({ type: body.toString('latin1', 0, 4), data: body.subarray(4) })
    at += 12 + length
  }
  return chunks
}

test('a PNG file has header, pixels and end, and gives the pixels back', async () => {
  const rgb = Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => (i * 37) & 0xff)
  const chunks = chunksOf(await encodePng({ width: 5, height: 3, rgb }))
  assert.deepEqual(
    chunks.map(({ type }) => type),
    ['IHDR', 'IDAT', 'IEND'],
  )
  assert.deepEqual([...chunks[0]!.data], [0, 0, 0, 5, 0, 0, 0, 3, 8, 2, 0, 0, 0])
  const rows = inflateSync(chunks[1]!.data)
  assert.equal(rows.length, 3 * 16)
  for (let y = 0; y < 3; y++) {
    assert.equal(rows[y * 16], 0)
    assert.deepEqual([...rows.subarray(y * 16 + 1, (y + 1) * 16)], [...rgb.subarray(y * 15, (y + 1) * 15)])
  }
})
