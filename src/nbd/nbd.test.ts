import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { concatenate, toBytes, u32, u64 } from './big-endian.ts'
import {
  ByteIntake,
  clientFlags,
  clientOption,
  commandFlags,
  commands,
  dataChunkHeader,
  emptyChunk,
  errorChunk,
  errorOfWire,
  exportFlags,
  exportInfo,
  GreetingParser,
  greeting,
  HagglingParser,
  handshakeFlags,
  holeChunk,
  infoRequest,
  infos,
  listedExport,
  metaContext,
  metaContextRequest,
  OptionReplyParser,
  optionReplies,
  optionReply,
  options,
  ReplyParser,
  type Request,
  RequestParser,
  readExportInfo,
  readInfoRequest,
  readListedExport,
  readMetaContext,
  readMetaContextRequest,
  requestHeader,
  simpleReply,
  statusChunk,
  wireError,
} from './index.ts'

/** How many generated cases each property draws. */
const runs = Number(process.env['VMON_NBD_CASES'] ?? 300)

interface Parser<T> {
  next(): T | undefined
}

/** What a parser makes of bytes that come in pieces. */
function parse<T extends { readonly kind: string }>(
  make: (intake: ByteIntake) => Parser<T>,
  pieces: Iterable<Uint8Array>,
): T[] {
  const intake = new ByteIntake()
  const parser = make(intake)
  const found: T[] = []
  for (const piece of pieces) {
    intake.push(piece)
    for (let message = parser.next(); message !== undefined; message = parser.next()) {
      found.push(message)
      if (message.kind === 'broken') return found
    }
  }
  return found
}

/** Whole, byte by byte, and split at every point. */
function* everySplit(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [bytes]
  yield [...bytes].map((byte) => Uint8Array.of(byte))
  for (let at = 1; at < bytes.byteLength; at++) yield [bytes.subarray(0, at), bytes.subarray(at)]
}

/** Data comes in the pieces of the stream: this puts those of one reply together again. */
function joined(parts: readonly { readonly kind: string }[]): unknown[] {
  const whole: any[] = []
  for (const part of parts as any[]) {
    const last = whole.at(-1)
    if (part.kind === 'data' && last?.kind === 'data' && last.cookie === part.cookie && !last.done) {
      last.bytes.push(...part.bytes)
      last.done = part.done
    } else whole.push(part.kind === 'data' ? { ...part, bytes: [...part.bytes] } : part)
  }
  return whole
}

const requests: readonly { request: Request; payload?: Uint8Array }[] = [
  { request: { command: commands.read, flags: commandFlags.df, cookie: 1n, offset: 512, length: 4096 } },
  {
    request: { command: commands.write, flags: commandFlags.fua, cookie: 2n ** 64n - 1n, offset: 2 ** 40, length: 5 },
    payload: toBytes('hello'),
  },
  { request: { command: commands.write, flags: 0, cookie: 3n, offset: 0, length: 0 }, payload: new Uint8Array(0) },
  { request: { command: commands.blockStatus, flags: 0, cookie: 4n, offset: 2n ** 64n - 1n, length: 0xffff_ffff } },
  { request: { command: commands.disconnect, flags: 0, cookie: 0n, offset: 0, length: 0 } },
]

const requestBytes = concatenate(
  ...requests.flatMap(({ request, payload }) => [requestHeader(request), payload ?? new Uint8Array(0)]),
)

describe('what a client says', () => {
  it('is read the same whole, byte by byte and split at every point', () => {
    const asked = infoRequest({ name: 'disk', wanted: [infos.name, infos.blockSize] })
    const bytes = concatenate(clientFlags(3), clientOption(options.structuredReply), clientOption(options.go, asked))
    for (const pieces of everySplit(bytes)) {
      const found = parse((intake) => new HagglingParser(intake), pieces)
      assert.deepEqual(
        found.map((message) => (message.kind === 'option' ? { ...message, payload: [...message.payload] } : message)),
        [
          { kind: 'flags', flags: 3 },
          { kind: 'option', option: 8, length: 0, payload: [] },
          { kind: 'option', option: 7, length: asked.byteLength, payload: [...asked] },
        ],
      )
    }
    assert.deepEqual(readInfoRequest(options.go, asked), { value: { name: 'disk', wanted: [1, 3] } })
  })

  it('names what is wrong with an option', () => {
    const read = (payload: Uint8Array): unknown => readInfoRequest(options.info, payload)
    assert.deepEqual(read(u32(5000)), { problem: 'Invalid name length: 5000' })
    assert.deepEqual(read(u32(3)), { problem: 'Inconsistent lengths in option info' })
    assert.deepEqual(read(concatenate(u32(3), toBytes('a\0b'))), { problem: 'Unexpected embedded NUL in option info' })
    assert.deepEqual(read(concatenate(infoRequest({ name: 'a', wanted: [] }), u32(0))), {
      problem: "option 'info' has unexpected length",
    })
  })

  it('keeps questions for contexts, but for those that are too long for any', () => {
    const asked = { name: 'disk', queries: ['base:allocation', 'x'.repeat(5000), 'qemu:'] }
    assert.deepEqual(readMetaContextRequest(options.setMetaContext, metaContextRequest(asked)), {
      value: { name: 'disk', queries: ['base:allocation', 'qemu:'] },
    })
  })

  it('holds no long option in memory', () => {
    const intake = new ByteIntake()
    const parser = new HagglingParser(intake)
    intake.push(concatenate(u32(1), clientOption(99, new Uint8Array(0)).subarray(0, 12), u32(2 ** 24)))
    assert.deepEqual(parser.next(), { kind: 'flags', flags: 1 })
    for (let sent = 0; sent < 2 ** 24; sent += 2 ** 20) {
      assert.equal(parser.next(), undefined)
      intake.push(new Uint8Array(2 ** 20))
      assert.ok(intake.size <= 2 ** 20)
    }
    assert.deepEqual(parser.next(), { kind: 'option', option: 99, length: 2 ** 24, payload: new Uint8Array(0) })
  })

  it('is refused if it is no option, or one longer than can be', () => {
    const broken = (bytes: Uint8Array): unknown => parse((intake) => new HagglingParser(intake), [u32(1), bytes]).at(-1)
    assert.deepEqual(broken(new Uint8Array(16)), { kind: 'broken', reason: 'Bad magic received' })
    const long = concatenate(clientOption(7).subarray(0, 12), u32(33554433))
    assert.deepEqual(broken(long), { kind: 'broken', reason: 'len (33554433 ) is larger than max len (33554432)' })
  })

  it('reads requests the same whole, byte by byte and split at every point', () => {
    const expected = requests.map(({ request, payload }) => ({
      kind: 'request',
      request,
      payload: payload && [...payload],
    }))
    for (const pieces of everySplit(requestBytes)) {
      const found = parse((intake) => new RequestParser(intake), pieces)
      assert.deepEqual(
        found.map((message) =>
          message.kind === 'request' ? { ...message, payload: message.payload && [...message.payload] } : message,
        ),
        expected,
      )
    }
  })

  it('does not read the bytes of a write that is too long', () => {
    const request: Request = { command: commands.write, flags: 0, cookie: 1n, offset: 0, length: 33554433 }
    const found = parse((intake) => new RequestParser(intake), [requestHeader(request)])
    assert.deepEqual(found, [{ kind: 'request', request, payload: undefined }])
  })

  it('is refused if it is no request', () => {
    const found = parse((intake) => new RequestParser(intake), [new Uint8Array(28).fill(0x12)])
    assert.deepEqual(found, [{ kind: 'broken', reason: 'invalid magic (got 0x12121212)' }])
  })
})

describe('what a server says', () => {
  const { fixedNewStyle, noZeroes } = handshakeFlags

  it('greets in the new style, and is known in the old one', () => {
    for (const pieces of everySplit(greeting(fixedNewStyle | noZeroes))) {
      assert.deepEqual(greet(pieces), [{ style: 'new', flags: 3 }])
    }
    const old = concatenate(toBytes('NBDMAGIC'), u64(0x420281861253n), u64(1048576), u32(1), new Uint8Array(124))
    for (const pieces of everySplit(old)) assert.deepEqual(greet(pieces), [{ style: 'old', size: 1048576, flags: 1 }])
    assert.deepEqual(greet([toBytes('HTTP/1.1 400 Bad')]), [{ style: 'strange', magic: 0x485454502f312e31n }])
  })

  function greet(pieces: Iterable<Uint8Array>): unknown[] {
    const intake = new ByteIntake()
    const parser = new GreetingParser(intake)
    const found: unknown[] = []
    for (const piece of pieces) {
      intake.push(piece)
      const greeting = parser.next()
      if (greeting !== undefined) found.push(greeting)
    }
    return found
  }

  it('answers options, read the same whole, byte by byte and split at every point', () => {
    const info = exportInfo({ type: 'export', size: 2n ** 60n, flags: exportFlags.hasFlags })
    const bytes = concatenate(optionReply(7, optionReplies.info, info), optionReply(7, optionReplies.ack))
    for (const pieces of everySplit(bytes)) {
      const found = parse((intake) => new OptionReplyParser(intake), pieces)
      assert.deepEqual(
        found.map((reply) => (reply.kind === 'reply' ? { ...reply, payload: [...reply.payload] } : reply)),
        [
          { kind: 'reply', option: 7, type: 3, payload: [...info] },
          { kind: 'reply', option: 7, type: 1, payload: [] },
        ],
      )
    }
    assert.deepEqual(readExportInfo(info), { type: 'export', size: 2n ** 60n, flags: 1 })
  })

  it('tells of exports and contexts', () => {
    const sizes = { minimum: 512, preferred: 4096, maximum: 33554432 }
    for (const info of [
      { type: 'name', name: 'disk' },
      { type: 'description', description: 'Größe' },
      { type: 'block-size', sizes },
    ] as const) {
      assert.deepEqual(readExportInfo(exportInfo(info)), info)
    }
    const listed = { name: 'disk', description: 'the first' }
    assert.deepEqual(readListedExport(listedExport(listed)), listed)
    assert.deepEqual(readMetaContext(metaContext({ id: 7, name: 'base:allocation' })), {
      id: 7,
      name: 'base:allocation',
    })
  })

  const reading = (cookie: bigint) => (cookie === 1n ? { offset: 512, length: 5 } : undefined)

  it('answers requests without structure, read in any pieces', () => {
    const bytes = concatenate(simpleReply(1n, 0), toBytes('hello'), simpleReply(1n, 5), simpleReply(2n, 0))
    for (const pieces of everySplit(bytes)) {
      const found = parse((intake) => new ReplyParser(intake, { structured: false, reading }), pieces)
      assert.deepEqual(joined(found), [
        { kind: 'data', cookie: 1n, done: true, offset: 512, bytes: [...toBytes('hello')] },
        { kind: 'error', cookie: 1n, done: true, error: 5, message: '' },
        { kind: 'done', cookie: 2n, done: true },
      ])
    }
  })

  it('answers requests with structure, read in any pieces', () => {
    const part = { cookie: 1n, done: false }
    const bytes = concatenate(
      dataChunkHeader(part, 512, 5),
      toBytes('hello'),
      holeChunk(part, 517, 3),
      statusChunk({ cookie: 3n, done: true }, 1, [
        { length: 512, flags: 3 },
        { length: 1024, flags: 0 },
      ]),
      errorChunk({ cookie: 2n, done: true }, 28, 'full'),
      emptyChunk(1n),
    )
    for (const pieces of everySplit(bytes)) {
      const found = parse((intake) => new ReplyParser(intake, { structured: true, reading }), pieces)
      assert.deepEqual(joined(found), [
        { kind: 'data', cookie: 1n, done: false, offset: 512, bytes: [...toBytes('hello')] },
        { kind: 'hole', cookie: 1n, done: false, offset: 517, length: 3 },
        {
          kind: 'status',
          cookie: 3n,
          done: true,
          context: 1,
          extents: [
            { length: 512, flags: 3 },
            { length: 1024, flags: 0 },
          ],
        },
        { kind: 'error', cookie: 2n, done: true, error: 28, message: 'full' },
        { kind: 'done', cookie: 1n, done: true },
      ])
    }
  })

  it('is refused where it makes no sense', () => {
    const chunk = (type: number, length: number, done = 1): Uint8Array =>
      concatenate(u32(0x668e33ef, (done << 16) | type), u64(1), u32(length), new Uint8Array(Math.min(length, 64)))
    const reason = (bytes: Uint8Array): unknown => {
      const last = parse((intake) => new ReplyParser(intake, { structured: true, reading }), [bytes]).at(-1)
      return last?.kind === 'broken' ? last.reason : last
    }
    assert.equal(reason(chunk(0, 1)), 'Protocol error: NBD_REPLY_TYPE_NONE chunk with nonzero length')
    assert.equal(
      reason(chunk(0, 0, 0)),
      'Protocol error: NBD_REPLY_TYPE_NONE chunk without NBD_REPLY_FLAG_DONE flag set',
    )
    assert.equal(reason(chunk(1, 8)), 'Protocol error: invalid payload for NBD_REPLY_TYPE_OFFSET_DATA')
    assert.equal(reason(chunk(1, 2 ** 31)), 'Payload too large')
    assert.equal(reason(chunk(2, 12)), 'Protocol error: invalid payload for NBD_REPLY_TYPE_OFFSET_HOLE')
    assert.equal(reason(chunk(5, 4)), 'Protocol error: invalid payload for NBD_REPLY_TYPE_BLOCK_STATUS')
    assert.equal(reason(chunk(0x8001, 6)), 'Protocol error: server sent structured error chunk with error = 0')
    assert.equal(reason(chunk(77, 4)), 'Unexpected reply type: 77 (<unknown>)')
    assert.equal(reason(simpleReply(1n, 0)), 'Protocol error: simple reply when structured reply chunk was expected')
    assert.equal(reason(new Uint8Array(16)), 'invalid magic (got 0x0)')
  })
})

describe('any bytes', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 })
  const valid = fc.constantFrom(
    requestBytes,
    concatenate(clientFlags(3), clientOption(7, infoRequest({ name: 'disk', wanted: [1, 3] })), clientOption(2)),
    concatenate(holeChunk({ cookie: 1n, done: false }, 0, 512), errorChunk({ cookie: 1n, done: true }, 5, 'no')),
    concatenate(optionReply(7, 3, exportInfo({ type: 'name', name: 'disk' })), optionReply(7, 1)),
  )
  /** What is right, with some bytes changed, cut into pieces. */
  const mutated = fc
    .tuple(valid, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.array(fc.nat(), { maxLength: 5 }))
    .map(([bytes, changes, cuts]) => {
      const copy = bytes.slice()
      for (const [at, value] of changes) copy[at % copy.byteLength] = value
      const ends = [...cuts.map((cut) => cut % copy.byteLength), copy.byteLength].sort((one, other) => one - other)
      return ends.map((end, index) => copy.subarray(ends[index - 1] ?? 0, end))
    })

  const reading = (): { offset: number; length: number } => ({ offset: 0, length: 16 })
  const parsers: Readonly<Record<string, (intake: ByteIntake) => Parser<{ readonly kind: string }>>> = {
    options: (intake) => new HagglingParser(intake),
    requests: (intake) => new RequestParser(intake, (length) => new Uint8Array(Math.min(length, 2 ** 20))),
    'answers to options': (intake) => new OptionReplyParser(intake),
    'simple replies': (intake) => new ReplyParser(intake, { structured: false, reading }),
    'structured replies': (intake) => new ReplyParser(intake, { structured: true, reading }),
  }

  for (const [name, make] of Object.entries(parsers)) {
    it(`are read as ${name} without failing, and the same however they are cut`, () => {
      fc.assert(
        fc.property(fc.oneof(pieces, mutated), (given) => {
          const whole = concatenate(...given)
          assert.deepEqual(joined(parse(make, given)), joined(parse(make, [whole])))
        }),
        { numRuns: runs },
      )
    })
  }

  it('of an option are understood or refused, never more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(12), (payload, option) => {
        readInfoRequest(option, payload)
        readMetaContextRequest(option, payload)
        readExportInfo(payload)
        readListedExport(payload)
        readMetaContext(payload)
      }),
      { numRuns: runs },
    )
  })
})

describe('errors of the system', () => {
  it('become one of the few that go over the wire', () => {
    assert.equal(wireError('ENOSPC'), 28)
    assert.equal(wireError('EDQUOT'), 28)
    assert.equal(wireError('EROFS'), 1)
    assert.equal(wireError('EOPNOTSUPP'), 95)
    assert.equal(wireError('EBADF'), 22)
    assert.equal(wireError(undefined), 22)
    assert.equal(errorOfWire(28), 'ENOSPC')
    assert.equal(errorOfWire(1234), 'EINVAL')
  })
})
