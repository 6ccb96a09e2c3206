import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type JsonMessage, JsonStream } from './index.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const chunkSize = 64 << 10

function* chunksOf(bytes: Uint8Array, size = chunkSize): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function read(chunks: Iterable<Uint8Array>): JsonMessage[] {
  const stream = new JsonStream()
  const messages: JsonMessage[] = []
  for (const chunk of chunks) {
    stream.feed(chunk)
    for (let message = stream.next(); message !== undefined; message = stream.next()) messages.push(message)
  }
  return messages
}

const errorsOf = (messages: readonly JsonMessage[]): string[] =>
  messages.map((message) => ('error' in message ? message.error : 'a value'))

const tooLarge = 'JSON token size limit exceeded'
const limit = 64 << 20

test('a depth of 1024 is read, one more is refused, and what follows is read as new input', () => {
  const nest = (depth: number): Uint8Array => bytesOf('[{"a":'.repeat(depth / 2) + '1' + '}]'.repeat(depth / 2))
  assert.deepEqual(errorsOf(read([nest(1024)])), ['a value'])
  const [first, ...rest] = errorsOf(read([bytesOf('['.repeat(1025) + ']'.repeat(1025))]))
  assert.equal(first, 'JSON nesting depth limit exceeded')
  assert.deepEqual(rest, Array(1025).fill('JSON parse error, expecting value'))
})

test('a token may have one byte less than 64 MiB; a longer one is cut at one byte more, and its tail read anew', () => {
  const string = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length).fill(0x61)
    bytes[0] = bytes[length - 1] = 0x22
    return bytes
  }
  assert.deepEqual(errorsOf(read([string(limit - 1)])), ['a value'])
  assert.deepEqual(errorsOf(read([string(limit)])), [tooLarge])
  const tail = ["JSON parse error, stray '\"\n'", 'a value']
  for (const size of [chunkSize, limit + 100]) {
    const bytes = new Uint8Array(limit + 8)
    bytes.fill(0x20, 0, 2)
    bytes.set(string(limit + 2), 2)
    bytes.set(bytesOf('\n{} '), limit + 4)
    assert.deepEqual(errorsOf(read(chunksOf(bytes, size))), [tooLarge, ...tail])
  }
})

test('the tokens of one message may not have more than 64 MiB together', () => {
  const quoted = bytesOf(`"${'a'.repeat((1 << 20) - 2)}"`)
  const message = function* (strings: number): Generator<Uint8Array> {
    yield bytesOf('[')
    for (let index = 0; index < strings; index++) {
      if (index > 0) yield bytesOf(',')
      yield quoted
    }
    yield bytesOf(']')
  }
  assert.deepEqual(errorsOf(read(message(63))), ['a value'])
  assert.deepEqual(errorsOf(read(message(64))), [tooLarge, 'JSON parse error, expecting value'])
})

test('a message may have 2097152 tokens, and no more', () => {
  const items = '1,'.repeat((1 << 20) - 2)
  assert.deepEqual(errorsOf(read([bytesOf(`[[],${items.slice(0, -3)}]`)])), ['a value'])
  const [first] = errorsOf(read([bytesOf(`[${items}1,1,1]`)]))
  assert.equal(first, 'JSON token count limit exceeded')
})

test('deep garbage does not overflow the stack', () => {
  const messages = read(chunksOf(bytesOf('['.repeat(1025 * 100))))
  assert.deepEqual(errorsOf(messages), Array(100).fill('JSON nesting depth limit exceeded'))
})

/** Processor time in milliseconds that reading takes, the best of three. */
function cost(bytes: Uint8Array, size?: number): number {
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < 3; run++) {
    const start = process.cpuUsage()
    read(chunksOf(bytes, size))
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / 1000)
  }
  return best
}

const growths: [what: string, input: (length: number) => string, length: number, chunk: number][] = [
  ['one long string', (length) => `{"a":"${'x'.repeat(length)}"}`, 2 << 20, chunkSize],
  ['many members', (length) => `{"a":[${'{"k":1},'.repeat(length / 8)}1]}`, 128 << 10, chunkSize],
  [
    'one message byte by byte',
    (length) => `{"a":["${'x'.repeat(length / 2)}"${',1'.repeat(length / 4)}]}`,
    64 << 10,
    1,
  ],
  ['a long message that is never complete', (length) => `{"a":[${'[],'.repeat(length / 3)}`, 128 << 10, chunkSize],
  ['lexical errors inside open brackets', (length) => '[01'.repeat(length / 3), 64 << 10, 1 << 20],
  ['brackets that do not match', (length) => '{]'.repeat(length / 2), 8 << 10, 1 << 20],
  [
    'objects that the fast path refuses',
    (length) => `{"a":1.5,"b":[${'{"c":1.5},'.repeat(length / 10)}1]}`,
    128 << 10,
    1 << 20,
  ],
  ['a string that never ends', (length) => `"${'\\"{'.repeat(length / 3)}`, 128 << 10, chunkSize],
]

for (const [what, input, length, chunk] of growths) {
  test(`sixteen times the input takes about sixteen times as long: ${what}`, () => {
    const small = cost(bytesOf(input(length)), chunk)
    const large = cost(bytesOf(input(16 * length)), chunk)
    assert.ok(large < Math.max(small, 3) * 16 * 8, `${small} ms, then ${large} ms`)
  })
}
