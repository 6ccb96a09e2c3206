import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  any,
  bool,
  either,
  family,
  int,
  int32,
  lenient,
  list,
  nothing,
  number,
  oneOf,
  opt,
  QmpError,
  req,
  root,
  size,
  str,
  struct,
  uint8,
  uint64,
  union,
} from './index.ts'

const inner = struct('Inner', { on: req(bool, 'on'), word: opt(oneOf('Word', ['a', 'b']), 'word') })
const pick = union('Pick', {
  base: {},
  discriminator: 'type',
  branches: {
    number: struct('N', { data: req(int, 'n') }),
    inner: struct('I', { data: req(inner, 'i') }),
    none: undefined,
  },
})
const ref = either('BlockdevRef', { string: str, object: inner })
const count = either('Count', { integer: int, string: str })
const everything = struct('Everything', {
  s: opt(str, 's'),
  i: opt(int, 'i'),
  i32: opt(int32, 'i32'),
  u8: opt(uint8, 'u8'),
  u64: opt(uint64.wide, 'u64'),
  size: opt(size, 'size'),
  n: opt(number, 'n'),
  inners: opt(list(inner), 'inners'),
  words: opt(list(oneOf('Word', ['a', 'b'])), 'words'),
  pick: opt(list(pick), 'pick'),
  ref: opt(ref, 'ref'),
  count: opt(count, 'count'),
  any: opt(any, 'any'),
  'cpu-index': opt(int, 'cpu', { alias: ['cpu'] }),
  key: opt(
    lenient(pick, (value) => (value === 'none' ? { type: 'none' } : value)),
    'key',
  ),
})

const decode = (value: object): unknown => everything.decode(value, root)

const refusals: [input: object, text: string][] = [
  [{ s: 1 }, "Invalid parameter type for 's', expected: string"],
  [{ s: null }, "Invalid parameter type for 's', expected: string"],
  [{ i: 1.5 }, "Invalid parameter type for 'i', expected: integer"],
  [{ i: new Number(1) }, "Invalid parameter type for 'i', expected: integer"],
  [{ i: -(2n ** 63n) - 1n }, "Invalid parameter type for 'i', expected: integer"],
  [{ u64: -(2n ** 63n) - 1n }, "Parameter 'u64' expects uint64"],
  [{ u64: 2n ** 64n }, "Parameter 'u64' expects uint64"],
  [{ count: 1.5 }, "Invalid parameter type for 'count', expected: integer"],
  [{ count: new Number(1) }, "Invalid parameter type for 'count', expected: integer"],
  [{ count: false }, "Invalid parameter type for 'count', expected: Count"],
  [{ i: 2n ** 63n }, "Invalid parameter type for 'i', expected: integer"],
  [{ i32: 2 ** 31 }, "Parameter 'i32' expects int32_t"],
  [{ u8: 256 }, "Parameter 'u8' expects uint8_t"],
  [{ u8: -1 }, "Parameter 'u8' expects uint8_t"],
  [{ u8: 1.5 }, "Parameter 'u8' expects uint64"],
  [{ u8: '1' }, "Parameter 'u8' expects uint64"],
  [{ u64: '1' }, "Parameter 'u64' expects uint64"],
  [{ n: '1' }, "Invalid parameter type for 'n', expected: number"],
  [{ inners: {} }, "Invalid parameter type for 'inners', expected: array"],
  [{ inners: [1] }, "Invalid parameter type for 'inners[0]', expected: object"],
  [{ inners: [{ on: true }, {}] }, "Parameter 'inners[1].on' is missing"],
  [{ inners: [{ on: true, word: 'z' }] }, "Parameter 'word' does not accept value 'z'"],
  [{ inners: [{ on: true, x: 1 }] }, "Parameter 'inners[0].x' is unexpected"],
  [{ words: ['a', 'z'] }, "Parameter 'null' does not accept value 'z'"],
  [{ words: [1] }, "Invalid parameter type for 'words[0]', expected: string"],
  [{ pick: [{}] }, "Parameter 'pick[0].type' is missing"],
  [{ pick: [{ type: 'zork' }] }, "Parameter 'type' does not accept value 'zork'"],
  [{ pick: [{ type: 'number' }] }, "Parameter 'pick[0].data' is missing"],
  [{ pick: [{ type: 'number', data: 'a' }] }, "Invalid parameter type for 'pick[0].data', expected: integer"],
  [{ pick: [{ type: 'inner', data: { on: 1 } }] }, "Invalid parameter type for 'pick[0].data.on', expected: boolean"],
  [{ pick: [{ type: 'none', data: 1 }] }, "Parameter 'pick[0].data' is unexpected"],
  [{ ref: 5 }, "Invalid parameter type for 'ref', expected: BlockdevRef"],
  [{ ref: null }, "Invalid parameter type for 'ref', expected: BlockdevRef"],
  [{ ref: {} }, "Parameter 'ref.on' is missing"],
  [{ 'cpu-index': 1, cpu: 2 }, "Parameter 'cpu' is unexpected"],
  [{ cpu: 'x' }, "Invalid parameter type for 'cpu', expected: integer"],
  [{ key: 'zork' }, "Invalid parameter type for 'key', expected: object"],
  [{ zeta: 1, alpha: 2 }, "Parameter 'alpha' is unexpected"],
  [{ a: 1, b: 2, c: 3 }, "Parameter 'b' is unexpected"],
]

for (const [input, text] of refusals) {
  test(`${JSON.stringify(input, (_, value) => (typeof value === 'bigint' ? `${value}` : value))} gets: ${text}`, () => {
    assert.throws(() => decode(input), { name: 'QmpError', errorClass: 'GenericError', message: text })
  })
}

test('what fits comes back with the members that are known', () => {
  const input = {
    s: 'x',
    i: -3,
    i32: -(2 ** 31),
    u8: 255,
    u64: 2n ** 64n - 1n,
    n: new Number(2),
    inners: [{ on: true, word: 'a' }],
    words: ['b'],
    pick: [{ type: 'number', data: 1 }, { type: 'none' }],
    ref: 'node0',
    any: [null],
    key: 'none',
  }
  assert.deepEqual(decode(input), { ...input, n: 2, key: { type: 'none' } })
})

test('a 64-bit unsigned integer takes negative numbers and wraps them', () => {
  assert.deepEqual(decode({ u64: -1 }), { u64: 2n ** 64n - 1n })
})

test('a member that a caller in this process set to undefined is absent', () => {
  assert.deepEqual(decode({ s: undefined, i: 1, stranger: undefined }), { i: 1 })
  assert.throws(() => inner.decode({ on: undefined }, root), { message: "Parameter 'on' is missing" })
})

test('an integer beyond what a number holds comes as the nearest number where the handler expects one', () => {
  assert.deepEqual(decode({ i: 2n ** 60n + 1n }), { i: 2 ** 60 })
})

test('an old spelling is taken and arrives under the new one', () => {
  assert.deepEqual(decode({ cpu: 0 }), { 'cpu-index': 0 })
})

test('a command checks its arguments before it runs, and returns without a promise if it is done at once', () => {
  const command = family<{ log: string[] }>()
  const greet = command({
    since: '0',
    doc: 'Greet.',
    args: { name: req(str, 'whom'), times: opt(int, 'how often') },
    returns: nothing,
    examples: [],
    run({ log }, { name, times = 1 }) {
      log.push(name.repeat(times))
      return {}
    },
  })
  const log: string[] = []
  const session = { negotiate: () => undefined, descriptors: undefined as never }
  const call = { session, signal: new AbortController().signal }
  assert.deepEqual(greet.invoke({ log }, { name: 'a', times: 2 }, call), {})
  assert.throws(() => greet.invoke({ log }, undefined, call), { message: "Parameter 'name' is missing" })
  assert.throws(() => greet.invoke({ log }, { name: 'a', x: 1 }, call), { message: "Parameter 'x' is unexpected" })
  assert.deepEqual(log, ['aa'])
})

test('whatever comes either fits or is refused with an error for the wire', () => {
  const names = fc.oneof(
    fc.constantFrom(...Object.keys((everything.shape as { members: object }).members)),
    fc.string(),
  )
  const values = fc.anything({
    key: names,
    values: [fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.bigInt()],
  })
  fc.assert(
    fc.property(fc.dictionary(names, values), (input) => {
      try {
        const decoded = decode(input)
        assert.deepEqual(decode(decoded as object), decoded, 'what has been decoded fits, and stays as it is')
      } catch (error) {
        if (!(error instanceof QmpError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
})

test('names that mean something to JavaScript are members like others', () => {
  const input = JSON.parse('{"__proto__": {"s": "inherited"}}')
  assert.throws(() => decode(input), { message: "Parameter '__proto__' is unexpected" })
  assert.throws(() => decode({ constructor: 1 }), { message: "Parameter 'constructor' is unexpected" })
  assert.deepEqual(decode(Object.create({ s: 'inherited' })), {})
})
