import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  mergeOptionLists,
  OptionError,
  type OptionKinds,
  optionListHelp,
  parseOptionList,
  printOptionList,
} from './index.ts'

const kinds: OptionKinds = { size: 'size', slots: 'number', share: 'boolean', path: 'string', delay: 'boolean' }

function refusal(text: string): string {
  try {
    parseOptionList(text, { kinds, impliedName: 'size' })
  } catch (error) {
    assert.ok(error instanceof OptionError)
    return error.message
  }
  return 'taken'
}

test('names and values come in their order, and the last one of a name counts', () => {
  const list = parseOptionList('a=1,b=2,a=3')
  assert.deepEqual(list.items, [
    ['a', '1'],
    ['b', '2'],
    ['a', '3'],
  ])
  assert.equal(list.get('a'), '3')
  assert.deepEqual({ ...list.toRecord() }, { a: '3', b: '2' })
})

test('two commas are one that belongs to the value', () => {
  assert.deepEqual(parseOptionList('file=a,,b,,,c=d').items, [
    ['file', 'a,b,'],
    ['c', 'd'],
  ])
  assert.deepEqual(parseOptionList('a,,b', { impliedName: 'file' }).items, [['file', 'a,b']])
})

test('a first item without a name is the value of the implied option', () => {
  const list = parseOptionList('512M,slots=2', { kinds, impliedName: 'size' })
  assert.equal(list.size('size'), 512n << 20n)
  assert.equal(list.number('slots'), 2n)
  assert.equal(parseOptionList('slots=2', { kinds, impliedName: 'size' }).get('size'), undefined)
})

test('a name alone is on, or off with `no` before it, and QEMU calls that deprecated', () => {
  const warnings: string[] = []
  const list = parseOptionList('path=x,share,nodelay,server,nowait', { warn: (text) => warnings.push(text) })
  assert.deepEqual(list.items.slice(1), [
    ['share', 'on'],
    ['delay', 'off'],
    ['server', 'on'],
    ['wait', 'off'],
  ])
  assert.deepEqual(warnings, [
    "short-form boolean option 'share' deprecated\nPlease use share=on instead",
    "short-form boolean option 'nodelay' deprecated\nPlease use nodelay=on instead",
    "short-form boolean option 'server' deprecated\nPlease use server=on instead",
    "short-form boolean option 'nowait' deprecated\nPlease use wait=off instead",
  ])
  assert.equal(parseOptionList('1,share', { kinds, impliedName: 'size' }).boolean('share'), true)
})

test('the first id names the list, wherever it stands', () => {
  const list = parseOptionList('null,mux=on,id=a,id=b', { impliedName: 'backend' })
  assert.equal(list.id, 'a')
  assert.deepEqual({ ...list.toRecord() }, { id: 'a', backend: 'null', mux: 'on' })
  assert.equal(parseOptionList('path=x,,id=5').id, undefined)
})

test('help ends the list where help is to be had', () => {
  assert.equal(parseOptionList('512,help,bogus', { kinds, impliedName: 'size', help: true }).help, true)
  assert.equal(parseOptionList('help', { impliedName: 'size', help: true }).get('size'), 'help')
  assert.equal(parseOptionList('a=1,help').get('help'), 'on')
  assert.equal(
    optionListHelp('memory', kinds),
    'memory options:\n  delay=<bool (on/off)>\n  path=<str>\n  share=<bool (on/off)>\n  size=<size>\n  slots=<num>\n',
  )
})

test('lists that add to each other are one', () => {
  const merged = mergeOptionLists([parseOptionList('base=utc,clock=rt'), parseOptionList('base=localtime')])
  assert.deepEqual([merged.get('base'), merged.get('clock')], ['localtime', 'rt'])
  for (const text of ['base=utc,id=x', 'id=5', 'bogus=1,id=x'])
    assert.throws(() => parseOptionList(text, { merges: true, kinds }), { message: "Invalid parameter 'id'" }, text)
})

test('names are only names', () => {
  const list = parseOptionList('__proto__=x,constructor=y')
  assert.equal(list.get('__proto__'), 'x')
  assert.equal(Object.getPrototypeOf(list.toRecord()), null)
  assert.equal(refusal('constructor=1'), "Invalid parameter 'constructor'")
})

const sizeHint =
  'Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\nand exabytes, respectively.'

for (const [text, expected] of [
  ['5x', `Parameter 'size' expects a non-negative number below 2^64\n${sizeHint}`],
  ['', 'taken'],
  ['16E', "Value '16E' is out of range for parameter 'size'"],
  ['1,slots=x', "Parameter 'slots' expects a number"],
  ['1,slots=99999999999999999999', "Value '99999999999999999999' is too large for parameter 'slots'"],
  ['1,slots', "Parameter 'slots' expects a number"],
  ['1,share=maybe', "Parameter 'share' expects 'on' or 'off'"],
  ['1,foo=2', "Invalid parameter 'foo'"],
  ['1,=2', "Invalid parameter ''"],
  ['1,', 'taken'],
  [
    '1,id=1',
    "Parameter 'id' expects an identifier\nIdentifiers consist of letters, digits, '-', '.', '_', starting with a letter.",
  ],
] as const)
  test(`QEMU's answer to '${text}' is ours`, () => assert.equal(refusal(text), expected))

test('what is printed reads back', () => {
  assert.equal(printOptionList({ if: 'ide', file: 'a,b.img', index: 2, readonly: true, id: undefined }), 'if=ide,file=a,,b.img,index=2,readonly=on') // biome-ignore format: one line
  const name = fc.stringMatching(/^[a-z][a-z.-]{0,8}$/).filter((word) => word !== 'id')
  fc.assert(
    fc.property(fc.dictionary(name, fc.string()), (values) => {
      assert.deepEqual({ ...parseOptionList(printOptionList(values)).toRecord() }, { ...values })
    }),
  )
})

test('any text is read or refused, never worse', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'a=,id.no0'), maxLength: 30 }), (text) => void refusal(text)),
  )
})
