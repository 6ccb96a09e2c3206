import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Canvas, DisplayBench } from '../../test/vnc/display-bench.ts'
import { Encoding } from '../rfb/index.ts'
import { memoryPair } from '../transport/index.ts'

/** How many clients there are, one after the other; each says six messages on average. */
const count = Number(process.env['VMON_VIEWERS'] ?? 400)

const byte = fc.nat(255)
const u16 = fc
  .oneof(fc.nat(300), fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xffff))
  .map((value) => [value >> 8, value & 0xff])
const u32 = fc
  .oneof(fc.nat(300), fc.constantFrom(0, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, 0x00100000, 0x00100001))
  .map((value) => [value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff])
const all = (...parts: fc.Arbitrary<number[]>[]): fc.Arbitrary<number[]> =>
  fc.tuple(...parts).map((each) => each.flat())
const is = (...bytes: number[]): fc.Arbitrary<number[]> => fc.constant(bytes)
const some = (bytes: number): fc.Arbitrary<number[]> => fc.array(byte, { maxLength: bytes })
const area = all(u16, u16, u16, u16)

const known = Object.values(Encoding)
const encodings = fc
  .array(fc.oneof(fc.constantFrom(...known), fc.integer({ min: -400, max: 50 }), fc.integer()), { maxLength: 30 })
  .map((numbers) => [
    2,
    0,
    0,
    numbers.length,
    ...numbers.flatMap((each) => [each >> 24, each >> 16, each >> 8, each].map((one) => one & 0xff)),
  ])

/** Messages as clients send them, with values that they do not send. */
const message = fc.oneof(
  all(
    is(0, 0, 0, 0),
    fc.constantFrom([8], [16], [32], [24], [0]),
    byte.map((one) => [one]),
    is(0),
    is(1),
    u16,
    u16,
    u16,
    some(3),
    is(0, 0, 0, 0, 0, 0),
  ),
  encodings,
  all(is(3), fc.constantFrom([0], [1]), area),
  all(is(3), fc.constantFrom([0], [1]), is(0, 0, 0, 0, 0, 160, 0, 96)),
  all(is(4), fc.constantFrom([0], [1]), is(0, 0), u32),
  all(
    is(5),
    byte.map((one) => [one]),
    u16,
    u16,
  ),
  all(is(6, 0, 0, 0), u32, some(40)),
  all(is(150), fc.constantFrom([0], [1]), area),
  all(
    is(248, 0, 0, 0),
    u32,
    fc.nat(70).map((one) => [one]),
    some(64),
  ),
  all(
    is(250, 0, 1),
    byte.map((one) => [one]),
  ),
  all(
    is(251, 0),
    u16,
    u16,
    byte.map((one) => [one]),
    some(40),
  ),
  all(
    is(255),
    byte.map((one) => [one % 3]),
    u16,
    u32,
    u32,
  ),
  some(30),
)

/** What a client says before it is served: mostly what it should. */
const beginning = fc.oneof(
  { weight: 20, arbitrary: is(...Buffer.from('RFB 003.008\n'), 1, 1) },
  { weight: 3, arbitrary: is(...Buffer.from('RFB 003.003\n'), 0) },
  { weight: 3, arbitrary: all(is(...Buffer.from('RFB 003.008\n')), some(4)) },
  { weight: 3, arbitrary: some(40) },
  { weight: 1, arbitrary: fc.array(byte, { minLength: 12, maxLength: 20 }) },
)

const session = fc.record({
  first: beginning,
  messages: fc.array(message, { maxLength: 12, size: 'max' }),
  /** Whether the client reads what it is sent. */
  reads: fc.boolean(),
  /** In how many pieces it comes. */
  pieces: fc.integer({ min: 1, max: 5 }),
})

test(`whatever a client says, it ends its own connection at the most (${count} clients; VMON_VIEWERS)`, {
  timeout: 24 * 3600_000,
}, async (t) => {
  await using bench = await DisplayBench.open({ share: 'ignore', connections: 1 << 20 })
  const good = await bench.viewer(Encoding.zrle)
  let round = 0
  let said = 0
  await fc.assert(
    fc.asyncProperty(session, async ({ first, messages, reads, pieces }) => {
      said += messages.length
      const bytes = [...first, ...messages.flat()]
      const [ours, theirs] = memoryPair()
      bench.display.addClient(ours)
      theirs.start({ data: () => undefined })
      if (!reads) theirs.pause()
      const size = Math.ceil(bytes.length / pieces)
      for (let at = 0; at < bytes.length; at += size) {
        theirs.write(Uint8Array.from(bytes.slice(at, at + size)))
        await new Promise((resolve) => setImmediate(resolve))
      }
      bench.canvas.paint(++round & 0xffffff, { width: 9, height: 9 })
      assert.ok(ours.buffered < 1 << 21, `${ours.buffered} bytes wait for a client`)
      if (round % 50 === 0) {
        good.request()
        while (good.picture.pixels[0] !== (round & 0xffffff)) {
          await good.until(0)
          good.request()
        }
      }
      theirs.destroy()
    }),
    { numRuns: count },
  )
  t.diagnostic(`${said} messages`)
})

test('a client that sends without end is read no faster than it is dealt with, and text without end is not kept', async () => {
  await using bench = await DisplayBench.open({}, {}, new Canvas(16, 16))
  const client = await bench.viewer(Encoding.raw)
  const before = process.memoryUsage().arrayBuffers
  const piece = new Uint8Array(1 << 16)
  for (let text = 0; text < 64; text++) {
    client.send(6, 0, 0, 0, 0, 0x10, 0, 0)
    for (let sent = 0; sent < 1 << 20; sent += piece.length) client.send(piece)
    client.send(248, 0, 0, 0, 0x80, 0, 0, 0, 0)
    await client.until(248)
  }
  const kept = process.memoryUsage().arrayBuffers - before
  assert.ok(kept < 48 << 20, `${kept >> 20} MiB are kept of 64`)
})

test('a client that never reads and asks without end waits, and costs no more than what it was sent first', async () => {
  await using bench = await DisplayBench.open({}, {}, new Canvas(64, 64))
  const client = await bench.viewer(Encoding.raw)
  client.pause()
  const fence = Uint8Array.from([248, 0, 0, 0, 0x80, 0, 0, 0, 64, ...new Uint8Array(64)])
  const many = Buffer.concat(Array.from({ length: 1000 }, () => fence))
  for (let round = 0; round < 100; round++) {
    client.send(many)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(bench.waiting(client) < 2 << 20, `${bench.waiting(client)} bytes wait`)
})
