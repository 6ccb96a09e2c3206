import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decompressLz } from '../../test/spice/lz-decoder.ts'
import { ByteInbox } from '../bytes/index.ts'
import {
  compressLz,
  LinkFailure,
  linkErrorReply,
  linkReply,
  MessagePrinter,
  readDisplay,
  readInputs,
  readLinkRequest,
  readMain,
  readMessage,
  SpiceError,
  switchHost,
} from './index.ts'

const count = Number(process.env['VMON_SPICE'] ?? 300)

const inboxOf = (...chunks: readonly Uint8Array[]): ByteInbox => {
  const inbox = new ByteInbox()
  for (const chunk of chunks) inbox.push(chunk)
  inbox.end(new SpiceError('the end'))
  return inbox
}

/** What remote-viewer says first, on a channel of session 0xe8061a0b. */
const request = Buffer.from(
  '52454451020000000200000016000000' + '0b1a06e8' + '0300' + '01000000' + '00000000' + '12000000' + '0d000000',
  'hex',
)
const wished = {
  connectionId: 0xe8061a0b,
  channelType: 3,
  channelId: 0,
  commonCapabilities: 0b1101,
  channelCapabilities: 0,
}

test('a link is read whole, byte by byte, and split anywhere', async () => {
  assert.deepEqual(await readLinkRequest(inboxOf(request)), wished)
  assert.deepEqual(await readLinkRequest(inboxOf(...Array.from(request, (byte) => Uint8Array.of(byte)))), wished)
  for (let at = 1; at < request.length; at++)
    assert.deepEqual(await readLinkRequest(inboxOf(request.subarray(0, at), request.subarray(at))), wished)
})

test('what is no link is told by number', async () => {
  const changed = (at: number, ...bytes: number[]): Buffer => {
    const copy = Buffer.from(request)
    copy.set(bytes, at)
    return copy
  }
  for (const [bytes, number] of [
    [changed(0, 0x47), 2],
    [changed(4, 1), 4],
    [changed(12, 17), 3],
    [changed(12, 0, 0x20), 3],
    [changed(22, 2), 3],
    [changed(22, 0xff, 0xff, 0xff, 0xff), 3],
    [changed(30, 17), 3],
    [changed(30, 19), 3],
  ] as const)
    await assert.rejects(
      readLinkRequest(inboxOf(bytes)),
      (error) => error instanceof LinkFailure && error.number === number,
    )
})

test('replies to links have the layout that clients of others read', () => {
  const reply = Buffer.from(linkReply(new Uint8Array(162).fill(0xaa), 0b10))
  assert.equal(reply.length, 16 + 186)
  assert.deepEqual(reply.subarray(0, 20).toString('hex'), '524544510200000002000000ba00000000000000')
  assert.equal(reply.subarray(16 + 166).toString('hex'), '0100000001000000b20000000b00000002000000')
  assert.equal(
    Buffer.from(linkReply(new Uint8Array(162), 0))
      .subarray(16 + 166)
      .toString('hex'),
    '0100000000000000b20000000b000000',
  )
  assert.equal(
    Buffer.from(linkErrorReply(7)).toString('hex'),
    `524544510200000002000000b200000007000000${'00'.repeat(174)}`,
  )
})

test('messages have short or long headers, as was agreed on', async () => {
  for (const mini of [true, false]) {
    const printer = new MessagePrinter(mini)
    const bytes = printer.print(101, Uint8Array.of(1, 2, 3))
    assert.equal(bytes.length, (mini ? 6 : 18) + 3)
    const { type, body } = await readMessage(inboxOf(bytes), mini)
    assert.deepEqual([type, body.byteLength, body.getUint8(2)], [101, 3, 3])
  }
  await assert.rejects(readMessage(inboxOf(Uint8Array.of(1, 0, 1, 0, 1, 0)), true), /65537 bytes is too long/)
})

test('where a client is to go on is told with the texts behind it', () => {
  const { body } = switchHost({ host: 'h', port: 5, tlsPort: 6, certSubject: 'C=x' })
  assert.equal(
    Buffer.from(body).toString('hex'),
    '05000600' + '02000000' + '14000000' + '04000000' + '16000000' + '6800' + '433d7800',
  )
})

/** Pictures with runs, repeated lines and noise. */
const picture = fc
  .record({
    width: fc.integer({ min: 1, max: 300 }),
    height: fc.integer({ min: 1, max: 60 }),
    colours: fc.integer({ min: 1, max: 9 }),
    run: fc.integer({ min: 1, max: 400 }),
    noise: fc.nat(20),
    seed: fc.nat(),
  })
  .map(({ width, height, colours, run, noise, seed }) => {
    let state = seed
    const draw = (most: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      return (state >>> 8) % most
    }
    const pixels = new Uint32Array(width * height)
    for (let at = 0; at < pixels.length; ) {
      const colour = draw(100) < noise ? draw(1 << 24) : draw(colours) * 0x010305
      for (let left = 1 + draw(run); left > 0 && at < pixels.length; left--) pixels[at++] = colour
    }
    return { width, height, pixels }
  })

test(`a compressed picture is the same when it is read (${count} pictures; VMON_SPICE)`, {
  timeout: 24 * 3600_000,
}, () => {
  fc.assert(
    fc.property(picture, (drawn) => {
      assert.deepEqual(decompressLz(compressLz(drawn.width, drawn.height, drawn.pixels)), drawn)
    }),
    { numRuns: count },
  )
})

test('runs and distances of every length are written as they are read', () => {
  const noise = (length: number): Uint32Array =>
    Uint32Array.from({ length }, (_, at) => Math.imul(at + 1, 0x9e3779b1) & 0xffffff)
  for (const length of [1, 2, 6, 7, 8, 261, 262, 263, 516, 517, 518, 5000]) {
    const pixels = new Uint32Array(length + 1).fill(0x123456)
    pixels[0] = 1
    assert.deepEqual(decompressLz(compressLz(length + 1, 1, pixels)).pixels, pixels)
  }
  for (const distance of [8190, 8191, 8192, 8193, 8447, 8448, 73725, 73726, 73727, 73728, 80000]) {
    const pixels = new Uint32Array(distance + 50)
    pixels.set(noise(distance))
    pixels.set(noise(50), distance)
    const bytes = compressLz(pixels.length, 1, pixels)
    assert.deepEqual(decompressLz(bytes).pixels, pixels)
  }
})

test(`whatever comes as a message is read, or refused (${count} messages; VMON_SPICE)`, {
  timeout: 24 * 3600_000,
}, async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .tuple(fc.constantFrom(1, 2, 3, 6, 101, 102, 103, 104, 105, 111, 112, 113, 114), fc.uint8Array({ maxLength: 20 }))
      .map(([type, body]) => Buffer.concat([Uint8Array.of(type, 0, body.length, 0, 0, 0), body])),
  )
  await fc.assert(
    fc.asyncProperty(bytes, fc.boolean(), async (said, mini) => {
      try {
        const message = await readMessage(inboxOf(said), mini)
        for (const read of [readMain, readDisplay, readInputs]) assert.notEqual(read(message), null)
      } catch (error) {
        assert.ok(error instanceof SpiceError, String(error))
      }
      await readLinkRequest(inboxOf(said)).then(
        (link) => assert.ok(link.channelType <= 255),
        (error: unknown) => assert.ok(error instanceof SpiceError, String(error)),
      )
    }),
    { numRuns: count },
  )
})
