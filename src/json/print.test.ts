import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Double, print } from './index.ts'

test('members are printed in the order of their buckets, whatever their order in the object', () => {
  assert.equal(print({ id: 1, return: {} }), '{"return": {}, "id": 1}')
  assert.equal(print({ return: {}, id: 1 }), '{"return": {}, "id": 1}')
  assert.equal(
    print({ error: { desc: 'x', class: 'y' }, id: null }),
    '{"id": null, "error": {"class": "y", "desc": "x"}}',
  )
  const timestamp = { microseconds: 2, seconds: 1 }
  const event = '{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "E", "data": {}}'
  assert.equal(print({ event: 'E', data: {}, timestamp }), event)
})

test('in one bucket, the member that came last is printed first', () => {
  const one = Object.fromEntries([
    ['k100', 1],
    ['k101', 2],
  ])
  const other = Object.fromEntries([
    ['k101', 2],
    ['k100', 1],
  ])
  assert.notEqual(print(one), print(other))
  assert.equal(print(one), '{"k101": 2, "k100": 1}')
  assert.equal(print(other), '{"k100": 1, "k101": 2}')
})

test('an object with many members is ordered like one with few', () => {
  const names = Array.from({ length: 300 }, (_, index) => `name-${index % 100}-${index}`)
  const many = print(Object.fromEntries(names.map((name) => [name, 0])))
  const order = [...many.matchAll(/"([^"]+)"/g)].map((match) => match[1]!)
  assert.deepEqual([...order].sort(), [...names].sort())
  for (let at = 0; at + 8 <= order.length; at += 8) {
    const few = order.slice(at, at + 8)
    const inserted = [...few].sort((a, b) => names.indexOf(a) - names.indexOf(b))
    const text = `{${few.map((name) => `"${name}": 0`).join(', ')}}`
    assert.equal(print(Object.fromEntries(inserted.map((name) => [name, 0]))), text)
  }
})

test('undefined members are left out', () => {
  assert.equal(print({ a: undefined, b: 1, c: undefined }), '{"b": 1}')
  assert.equal(print({ a: undefined }, { pretty: true }), '{\n}')
})

test('strings are printed in ASCII', () => {
  assert.equal(print('"\\/\b\f\n\r\t\'\u0000\u001f\u007f'), '"\\"\\\\/\\b\\f\\n\\r\\t\'\\u0000\\u001F\\u007F"')
  assert.equal(print('é€😀'), '"\\u00E9\\u20AC\\uD83D\\uDE00"')
  assert.equal(print({ é: 1 }), '{"\\u00E9": 1}')
})

test('what is no character is printed as the replacement character', () => {
  assert.equal(print('\ud800a\udfff\ufdd0\uffff\u{1fffe}'), '"\\uFFFDa\\uFFFD\\uFFFD\\uFFFD\\uFFFD"')
})

test('integers are printed in full, as far as 64 bits reach', () => {
  const integers = [0, -1, 2 ** 53, 2 ** 63, -(2 ** 63), 18446744073709551615n, -0]
  const text = '[0, -1, 9007199254740992, 9223372036854775808, -9223372036854775808, 18446744073709551615, 0]'
  assert.equal(print(integers), text)
  assert.equal(print(2 ** 64), '1.8446744073709552e+19')
})

/** What `printf '%.17g'` of the C library prints. */
const doubles: [number, string][] = [
  [0.1, '0.10000000000000001'],
  [1, '1'],
  [-0, '-0'],
  [1000, '1000'],
  [1e16, '10000000000000000'],
  [2 ** 56, '72057594037927936'],
  [1e17, '1e+17'],
  [-1.5e-7, '-1.4999999999999999e-07'],
  [0.00001, '1.0000000000000001e-05'],
  [0.0001, '0.0001'],
  [1e100, '1e+100'],
  [5e-324, '4.9406564584124654e-324'],
  [1.7976931348623157e308, '1.7976931348623157e+308'],
  [1e14 + 0.125, '100000000000000.12'],
  [1e14 + 0.375, '100000000000000.38'],
  [-1e14 - 0.125, '-100000000000000.12'],
  [1e15 + 0.5, '1000000000000000.5'],
  [123456.789, '123456.789'],
  [Number.POSITIVE_INFINITY, 'inf'],
  [Number.NEGATIVE_INFINITY, '-inf'],
  [Number.NaN, 'nan'],
]

for (const [value, text] of doubles) {
  test(`the double ${Object.is(value, -0) ? '-0' : value} is printed as ${text}`, () => {
    assert.equal(print(new Double(value)), text)
  })
}

test('pretty printing puts each member on a line of its own', () => {
  const lines = [
    '{',
    '    "return": {',
    '        "a": [',
    '            1,',
    '            {',
    '            }',
    '        ],',
  ]
  const rest = ['        "b": [', '        ]', '    },', '    "id": "x"', '}']
  assert.equal(print({ return: { a: [1, {}], b: [] }, id: 'x' }, { pretty: true }), [...lines, ...rest].join('\n'))
})

test('what has no place in JSON is refused', () => {
  assert.throws(() => print(undefined), TypeError)
  assert.throws(() => print([undefined]), TypeError)
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    assert.throws(() => print({ a: [value] }), new TypeError(`${value} has no place in JSON`))
  assert.throws(() => print({ a: () => 1 }), /function has no place in JSON/)
})

test('a flood of names does not make printing forget or mistake any', () => {
  for (let index = 0; index < 5000; index++) print({ [`flood-${index}`]: 1, [`${'long'.repeat(30)}${index}`]: 2 })
  assert.equal(print({ return: { 'flood-1': 1 } }), '{"return": {"flood-1": 1}}')
})
