import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConnectedPair, type Fate } from './connected-pair.ts'
import { flags } from './segment.ts'

function pattern(length: number, begin = 0): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) + begin) & 0xff))
}

test('opens, carries bytes both ways and ends when both have ended', () => {
  const pair = new ConnectedPair()
  const [asks, answers] = pair.users
  pair.asking.connect()
  pair.clock.pass(10)
  assert.deepEqual([pair.asking.state, pair.answering.state], ['established', 'established'])
  pair.asking.write(Buffer.from('to you'))
  pair.answering.write(Buffer.from('to me'))
  pair.asking.end()
  pair.clock.pass(100)
  assert.deepEqual([pair.asking.state, pair.answering.state], ['fin-wait-2', 'close-wait'])
  pair.answering.write(Buffer.from(', and more'))
  pair.answering.end()
  pair.settle()
  assert.deepEqual([pair.asking.state, pair.answering.state], ['closed', 'closed'])
  assert.equal(pair.gone, 2)
  assert.deepEqual([asks.bytes.toString(), answers.bytes.toString()], ['to me, and more', 'to you'])
  assert.deepEqual([asks.heard, answers.heard], [['opened', 'end'], ['end']])
})

test('numbers of a stream go around, windows scale, and bytes stay the same over what loses, repeats and delays', () => {
  let whole = 0
  const fate = fc.oneof(
    { weight: 6, arbitrary: fc.constant([1] as Fate) },
    { weight: 1, arbitrary: fc.constant([] as Fate) },
    { weight: 1, arbitrary: fc.constant([1, 3] as Fate) },
    { weight: 1, arbitrary: fc.constant([25] as Fate) },
  )
  const sequences = fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0xfffffff0, 0xffff0000, 7))
  fc.assert(
    fc.property(
      fc.array(fate, { minLength: 1, maxLength: 60 }),
      sequences,
      fc.integer({ min: 0, max: 200_000 }),
      fc.integer({ min: 0, max: 5000 }),
      fc.constantFrom(700, 5000, 65_536, 1_000_000),
      (fates, begins, there, back, windowLimit) => {
        let turn = 0
        // A line that loses everything from some moment on is no line: what is drawn comes again, with a whole one between.
        const pair = new ConnectedPair({
          fate: () => (turn++ % (fates.length + 1) === fates.length ? [1] : fates[turn % fates.length]!),
          ...{ sequences: begins, windowLimit },
        })
        const [asks, answers] = pair.users
        pair.asking.connect()
        for (let tries = 0; tries < 100 && pair.asking.state !== 'established'; tries++) pair.clock.pass(1000)
        if (pair.asking.state !== 'established') return // the line was too bad to begin with
        pair.asking.write(pattern(there))
        pair.answering.write(pattern(back, 9))
        pair.asking.end()
        for (let tries = 0; tries < 100 && pair.answering.state !== 'close-wait'; tries++) pair.clock.pass(1000)
        pair.answering.end()
        pair.settle()
        if (asks.heard.includes('timeout') || answers.heard.includes('timeout')) return
        if (asks.heard.includes('reset') || answers.heard.includes('reset')) return
        assert.ok(answers.bytes.equals(pattern(there)), 'what was sent there')
        assert.ok(asks.bytes.equals(pattern(back, 9)), 'what was sent back')
        assert.deepEqual([pair.asking.state, pair.answering.state], ['closed', 'closed'])
        whole++
      },
    ),
    { numRuns: 100 },
  )
  assert.ok(whole > 90, `only ${whole} of 100 lines were good enough`)
})

test('who does not read is not sent more than he takes, and goes on when he reads', () => {
  const pair = new ConnectedPair({ windowLimit: 20_000 })
  const [, reader] = pair.users
  reader.reads = false
  pair.asking.connect()
  pair.clock.pass(10)
  const bytes = pattern(100_000)
  pair.asking.write(bytes)
  pair.clock.pass(120_000)
  assert.ok(reader.bytes.length <= 20_000, `${reader.bytes.length} bytes came`)
  assert.ok(reader.bytes.length > 18_000, `${reader.bytes.length} bytes came`)
  for (let turn = 0; turn < 20; turn++) {
    reader.read()
    pair.clock.pass(1000)
  }
  assert.ok(reader.bytes.equals(bytes))
})

test('asks a closed window again and again, and hears that it opens even if that word is lost', () => {
  let lost = false
  const pair = new ConnectedPair({ windowLimit: 10_000, fate: () => (lost ? [] : [1]) })
  const [, reader] = pair.users
  reader.reads = false
  pair.asking.connect()
  pair.clock.pass(10)
  pair.asking.write(pattern(30_000))
  pair.clock.pass(5000)
  lost = true
  reader.reads = true
  reader.read()
  pair.clock.pass(10)
  lost = false
  pair.clock.pass(120_000)
  assert.ok(reader.bytes.equals(pattern(30_000)))
})

test('one lost segment costs no timeout: three acknowledgments of the same tell of it', () => {
  let sent = 0
  const pair = new ConnectedPair({ windowLimit: 1 << 20, fate: () => (++sent === 12 ? [] : [1]) })
  const [, reader] = pair.users
  pair.asking.connect()
  pair.clock.pass(10)
  pair.asking.write(pattern(200_000))
  pair.clock.pass(200)
  assert.ok(reader.bytes.equals(pattern(200_000)))
  assert.ok(pair.segments.some(({ options }) => (options.sack ?? []).length > 0))
})

test('every second segment is acknowledged at once, a single one after a while', () => {
  const pair = new ConnectedPair()
  pair.asking.connect()
  pair.clock.pass(10)
  const said = (): number => pair.segments.filter(({ from }) => from === 'answering').length
  const before = said()
  pair.asking.write(pattern(100))
  pair.clock.pass(39)
  assert.equal(said(), before)
  pair.clock.pass(5)
  assert.equal(said(), before + 1)
  pair.asking.write(pattern(4 * 1460))
  pair.clock.pass(3)
  assert.equal(said(), before + 3)
})

test('a reset tells the other side at once; a forged one outside the window does nothing', () => {
  const pair = new ConnectedPair()
  const [asks] = pair.users
  pair.asking.connect()
  pair.clock.pass(10)
  const head = {
    sourcePort: 1,
    destinationPort: 2,
    acknowledgment: 0,
    window: 0,
    options: {},
    payload: Buffer.alloc(0),
  }
  pair.asking.receive({ ...head, sequence: 500_000, flags: flags.rst })
  assert.equal(pair.asking.state, 'established')
  pair.answering.abort()
  pair.clock.pass(10)
  assert.deepEqual([asks.heard, pair.asking.state], [['opened', 'reset'], 'closed'])
})

test('while the line takes nothing, silence is no loss', () => {
  const pair = new ConnectedPair()
  const [asks, answers] = pair.users
  pair.asking.connect()
  pair.clock.pass(10)
  pair.clear = false
  pair.asking.write(pattern(10_000))
  pair.clock.pass(3_600_000)
  assert.deepEqual([asks.heard, answers.bytes.length], [['opened'], 0])
  pair.resume()
  pair.clock.pass(1000)
  assert.ok(answers.bytes.equals(pattern(10_000)))
})

test('who never answers is given up', () => {
  const pair = new ConnectedPair({ fate: () => [] })
  pair.asking.connect()
  pair.settle()
  assert.deepEqual([pair.users[0].heard, pair.asking.state], [['refused'], 'closed'])
})

test('whatever segments come, nothing is thrown and nothing outside the window is kept', () => {
  const near = fc.oneof(fc.integer({ min: -70_000, max: 70_000 }), fc.integer())
  const segment = fc.record({
    sequence: near,
    acknowledgment: near,
    flags: fc.nat(0x3f),
    window: fc.nat(0xffff),
    length: fc.nat(3000),
    sack: fc.array(fc.tuple(near, near), { maxLength: 4 }),
    pause: fc.constantFrom(0, 1, 50, 5000),
    writes: fc.nat(3000),
    ends: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 60 }), (segments) => {
      const pair = new ConnectedPair({ windowLimit: 30_000 })
      const [, answers] = pair.users
      pair.asking.connect()
      pair.clock.pass(10)
      let came = 0
      for (const { sequence, acknowledgment, sack, length, pause, writes, ends, ...rest } of segments) {
        pair.answering.receive({
          ...{ sourcePort: 1, destinationPort: 2, ...rest, payload: pattern(length) },
          ...{ sequence: (sequence + 1) >>> 0, acknowledgment: (acknowledgment + 2) >>> 0 },
          options: { sack: sack.map(([from, to]) => [from >>> 0, to >>> 0] as const) },
        })
        came += length
        pair.answering.write(pattern(writes))
        if (ends && length % 7 === 0) pair.answering.end()
        pair.clock.pass(pause)
      }
      assert.ok(answers.bytes.length <= came)
      pair.answering.abort()
      pair.asking.abort()
      pair.settle()
    }),
    { numRuns: 200 },
  )
})
