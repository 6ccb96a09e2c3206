import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameReader, framed } from './frame-stream.ts'

/** Frames that come out of bytes that come in pieces; undefined if there was no sense in them. */
function readIn(pieces: readonly Buffer[]): Buffer[] | undefined {
  const reader = new FrameReader()
  const frames: Buffer[] = []
  for (const piece of pieces) {
    const whole = reader.take(piece)
    if (whole === undefined) return undefined
    frames.push(...whole)
  }
  return frames
}

const frames = [Buffer.alloc(0), Buffer.from('one'), Buffer.alloc(1514, 'x'), Buffer.from('last')]
const stream = Buffer.concat(frames.map(framed))

test('frames are read whole, byte by byte, and cut at every point', () => {
  assert.deepEqual(readIn([stream]), frames)
  assert.deepEqual(readIn([...stream].map((byte) => Buffer.of(byte))), frames)
  for (let at = 0; at <= stream.length; at++)
    assert.deepEqual(readIn([stream.subarray(0, at), stream.subarray(at)]), frames, `at ${at}`)
})

test('what was sent comes out, however it is cut', () => {
  const sent = fc.array(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    { maxLength: 10 },
  )
  fc.assert(
    fc.property(sent, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }), (some, lengths) => {
      const bytes = Buffer.concat(some.map(framed))
      const pieces: Buffer[] = []
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const length = lengths[turn % lengths.length]!
        pieces.push(bytes.subarray(at, at + length))
        at += length
      }
      assert.deepEqual(readIn(pieces), some)
    }),
  )
})

test('nonsense ends it: a frame longer than any is not waited for', () => {
  assert.equal(readIn([Buffer.from('00011001', 'hex')]), undefined)
  assert.deepEqual(readIn([Buffer.from('00011000', 'hex')]), [])
  fc.assert(
    fc.property(
      fc.array(
        fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
        { maxLength: 20 },
      ),
      (pieces) => {
        const read = readIn(pieces) ?? []
        const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
        assert.ok(read.reduce((sum, frame) => sum + 4 + frame.length, 0) <= length)
      },
    ),
    { numRuns: 1000 },
  )
})
