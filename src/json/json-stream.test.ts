import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Double, type JsonMessage, JsonStream, print } from './index.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What a stream says to chunks: values as they would be printed, errors behind a `!`. */
function read(...chunks: Uint8Array[]): string[] {
  const stream = new JsonStream()
  const said: string[] = []
  for (const chunk of chunks) {
    stream.feed(chunk)
    for (let message = stream.next(); message !== undefined; message = stream.next()) said.push(say(message))
  }
  return said
}

const say = (message: JsonMessage): string => ('error' in message ? `! ${message.error}` : print(message.value))

/** The same input byte by byte, and split at every point, must say the same. */
function readInEveryWay(input: Uint8Array): string[] {
  const whole = read(input)
  assert.deepEqual(read(...[...input].map((byte) => Uint8Array.of(byte))), whole, 'byte by byte')
  for (let at = 1; at < input.length; at++) {
    assert.deepEqual(read(input.subarray(0, at), input.subarray(at)), whole, `split at ${at}`)
  }
  return whole
}

const parseError = (detail: string): string => `! JSON parse error, ${detail}`

const conversations: [input: string | number[], said: string[]][] = [
  ['{"a":1}', ['{"a": 1}']],
  [' {"a" : [ 1 , 2 ] }\r\n{"b":null}', ['{"a": [1, 2]}', '{"b": null}']],
  ["{'a':'it\\'s \"x\"'}", ['{"a": "it\'s \\"x\\""}']],
  ['{"a":-0}', ['{"a": 0}']],
  ['{"a":-0.0}', ['{"a": -0}']],
  ['{"a":1.0,"b":1e3,"c":0.1}', ['{"a": 1, "b": 1000, "c": 0.10000000000000001}']],
  ['{"a":1e16}', ['{"a": 10000000000000000}']],
  ['{"a":1e17}', ['{"a": 1e+17}']],
  ['{"a":0.00001}', ['{"a": 1.0000000000000001e-05}']],
  ['{"a":1e309}', ['{"a": inf}']],
  ['{"a":-1e400}', ['{"a": -inf}']],
  ['{"a":18446744073709551615}', ['{"a": 18446744073709551615}']],
  ['{"a":18446744073709551616}', ['{"a": 1.8446744073709552e+19}']],
  ['{"a":-9223372036854775808}', ['{"a": -9223372036854775808}']],
  ['{"a":-9223372036854775809}', ['{"a": -9.2233720368547758e+18}']],
  ['{"a":9007199254740993}', ['{"a": 9007199254740993}']],
  ['{"__proto__":1,"toString":2}', ['{"__proto__": 1, "toString": 2}']],
  ['{"a":"\\u0041\\u00e9\\u20ac\\uD83D\\uDE00\\u0000"}', ['{"a": "A\\u00E9\\u20AC\\uD83D\\uDE00\\u0000"}']],
  ['{"a":"é€😀\u007f"}', ['{"a": "\\u00E9\\u20AC\\uD83D\\uDE00\\u007F"}']],
  ['[]', ['[]']],
  ['"abc" 12 true null ', ['"abc"', '12', 'true', 'null']],
  ['{]', [parseError('expecting value')]],
  ['[}', [parseError('expecting value')]],
  ['}', [parseError('expecting value')]],
  [',', [parseError('expecting value')]],
  ['{,}', [parseError('expecting value')]],
  ['[1,]', [parseError('expecting value')]],
  ['{"a":}', [parseError('expecting value')]],
  ['{"a":1,}', [parseError('expecting value')]],
  ['{"a" 1}', [parseError('missing : in object pair')]],
  ['{"a":1 "b":2}', [parseError('expected separator in dict')]],
  ['{"id":true1}', [parseError('expected separator in dict')]],
  ['{"id":0x10}', [parseError('expected separator in dict')]],
  ['{"id":0e1}', [parseError('expected separator in dict')]],
  ['{"id":0.0e1}', ['{"id": 0}']],
  ['[1 2]', [parseError('expected separator in list')]],
  ['{1:2}', [parseError('key is not a string in object')]],
  ['{null:1}', [parseError('key is not a string in object')]],
  ['{[]:1}', [parseError('key is not a string in object')]],
  ['{"a":1,"a":2}', [parseError('duplicate key')]],
  ['{"b":{"a":1,"a":2}}', [parseError('duplicate key')]],
  ['zzz ', [parseError("invalid keyword 'zzz'")]],
  ['{"a":"\\x41"}', [parseError('invalid escape sequence in string')]],
  ['{"a":"\\0"}', [parseError('invalid escape sequence in string')]],
  ['{"a":"\\u12"}', [parseError('\\u12" is not a valid Unicode character')]],
  ['{"a":"\\ud83d"}', [parseError('\\ud83d is not a valid Unicode character')]],
  ['{"a":"\\ud83d\\u0041"}', [parseError('\\ud83d is not a valid Unicode character')]],
  ['{"a":"\\uFFFE"}', [parseError('\\uFFFE is not a valid Unicode character')]],
  ['{"a":"x\t"}{"b":1}', [parseError("stray '\"x\t'"), parseError('expecting value'), '{"b": 1}']],
  ['{"execute":"abc\n{"a":2}', [parseError("stray '\"abc\n'"), '{"a": 2}']],
  [
    '{"a":@@@,"x":{"y":1}}',
    [
      parseError("stray '@'"),
      parseError('expecting value'),
      '"x"',
      parseError('expecting value'),
      '{"y": 1}',
      parseError('expecting value'),
    ],
  ],
  ['00\n', [parseError("stray '00'")]],
  ['-01\n', [parseError("stray '-01'")]],
  ['{"a":1.}{}', [parseError("stray '1.}'"), '{}']],
  ['HELO\tworld "x" {"a":1}', [parseError("stray 'H'"), '{"a": 1}']],
  ['\u001b[A\n', [parseError("stray '\u001b'"), parseError("stray 'A'")]],
  [[0x00, 0x0a], [parseError("stray ''")]],
  [
    [0xef, 0xbb, 0xbf, 0x7b, 0x7d],
    [parseError("stray '\ufffd'"), '{}'],
  ],
  [
    [0xff, 0xfd, 0x01, 0x7b, 0x7d],
    [parseError("stray '\ufffd'"), parseError("stray '\u0001'"), '{}'],
  ],
  [
    [0x22, 0x61, 0xff, 0x7b, 0x7d],
    [parseError("stray '\"a\ufffd'"), '{}'],
  ],
  [[0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xc3, 0x28, 0x22, 0x7d], [parseError('invalid UTF-8 sequence in string')]],
  [[0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xc0, 0x80, 0x22, 0x7d], ['{"a": "\\u0000"}']],
  ['{"a":', []],
]

for (const [input, said] of conversations) {
  test(`${JSON.stringify(input)} says ${said.length === 0 ? 'nothing' : said.join(' | ').slice(0, 90)}, however it is cut`, () => {
    assert.deepEqual(readInEveryWay(typeof input === 'string' ? bytesOf(input) : Uint8Array.from(input)), said)
  })
}

test('a depth of 1024 is read, one more is refused', () => {
  const nest = (depth: number): Uint8Array => bytesOf('['.repeat(depth) + ']'.repeat(depth))
  assert.equal(read(nest(1024))[0]!.length, 2048)
  assert.equal(read(nest(1025))[0], '! JSON nesting depth limit exceeded')
})

test('a token of more than 64 MiB is cut and refused, and what follows is read', () => {
  const stream = new JsonStream()
  const said: string[] = []
  const feed = (chunk: Uint8Array): void => {
    stream.feed(chunk)
    for (let message = stream.next(); message !== undefined; message = stream.next()) said.push(say(message))
  }
  feed(bytesOf('{"a":"'))
  const megabyte = new Uint8Array(1 << 20).fill(0x61)
  for (let index = 0; index < 64; index++) feed(megabyte)
  feed(bytesOf('"}\n{"b":1}'))
  assert.equal(said[0], '! JSON token size limit exceeded')
  assert.equal(said.at(-1)?.includes('{"b": 1}') ?? said.length > 0, true)
})

test('objects have no prototype, and doubles without a fraction are no integers', () => {
  const stream = new JsonStream()
  stream.feed(bytesOf('{"a":{"b":1.0,"c":1}}{"a":{"c":1}}'))
  for (let count = 0; count < 2; count++) {
    const message = stream.next()
    assert.ok(message !== undefined && 'value' in message)
    const outer = message.value as { a: { b?: unknown; c: unknown } }
    assert.equal(Object.getPrototypeOf(outer), null)
    assert.equal(Object.getPrototypeOf(outer.a), null)
    if (count === 0) assert.ok(outer.a.b instanceof Double)
    assert.equal(outer.a.c, 1)
  }
})

test('plain JSON and the same JSON behind white space that forces the slow path give the same value', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const text = JSON.stringify(object)
      const fast = read(bytesOf(text))
      const slow = read(...[...bytesOf(text)].map((byte) => Uint8Array.of(byte)))
      assert.deepEqual(fast, slow)
      assert.equal(fast.length, 1)
    }),
    { numRuns: 2000 },
  )
})

test('mutated JSON says the same whole and byte by byte, and a good message after it is read', () => {
  const mutation = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) })
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 })),
      fc.array(mutation, { maxLength: 4 }),
      (object, mutations) => {
        const bytes = bytesOf(JSON.stringify(object))
        for (const { at, byte } of mutations) bytes[at % bytes.length] = byte
        const whole = read(bytes)
        assert.deepEqual(read(...[...bytes].map((byte) => Uint8Array.of(byte))), whole)
        assert.equal(read(bytes, Uint8Array.of(0xff), bytesOf('{"good":1}')).at(-1), '{"good": 1}')
      },
    ),
    { numRuns: 2000 },
  )
})

test('what was printed is read back as it was (members of one bucket change places each time)', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string(),
        fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), fc.jsonValue().map(withoutMinusZero)),
      ),
      (object) => {
        const once = print(object)
        const [twice] = read(bytesOf(once))
        assert.deepEqual(read(bytesOf(twice!)), [once])
      },
    ),
    { numRuns: 1000 },
  )
})

/** A double -0 is printed as QEMU prints it, `-0`, and that is the integer 0. */
const withoutMinusZero = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
