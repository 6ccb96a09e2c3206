import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type KeyvalObject, type KeyvalText, OptionError, parseKeyval, printKeyval, readMembers } from './index.ts'

const read = (text: string, implied?: string): unknown => JSON.parse(JSON.stringify(parseKeyval(text, implied).object))

test('dots make objects, and objects with indices for names are lists', () => {
  assert.deepEqual(read('driver=null-co,a.b=c,a.d.e=f,list.0=x,list.1=y'), {
    driver: 'null-co',
    a: { b: 'c', d: { e: 'f' } },
    list: ['x', 'y'],
  })
  assert.deepEqual(read('list.1.a=y,list.0.a=x'), { list: [{ a: 'x' }, { a: 'y' }] })
  assert.deepEqual(read('__org.example_a.b=1'), { '__org.example_a': { b: '1' } })
})

test('of values with one name the last counts, and two commas are one in a value', () => {
  assert.deepEqual(read('a=1,a=2,b=x,,y'), { a: '2', b: 'x,y' })
  assert.deepEqual(read('a=1,'), { a: '1' })
})

test('the implied value stands first, without a comma in it', () => {
  assert.deepEqual(read('cd,menu=on', 'order'), { order: 'cd', menu: 'on' })
  assert.deepEqual(read('menu=on', 'order'), { menu: 'on' })
})

test('help is noticed anywhere', () => {
  assert.equal(parseKeyval('help', 'order').help, true)
  assert.equal(parseKeyval('cd,help', 'order').help, true)
  assert.equal(parseKeyval('a=help').help, false)
})

const long = 'a'.repeat(128)

for (const [text, expected] of [
  ['a.b=1,a=2', "Parameters 'a.*' used inconsistently"],
  ['a=2,a.b=1', "Parameters 'a.*' used inconsistently"],
  ['a.0=x,a.b=y', "Parameters 'a.*' used inconsistently"],
  ['x.y.0=1,x.y.z=2', "Parameters 'x.y.*' used inconsistently"],
  ['a.0=x,a.2=y', "Parameter 'a.1' missing"],
  ['a.99999999999999999999=1', "Parameter 'a.0' missing"],
  ['=x', "Invalid parameter ''"],
  [',', "Invalid parameter ''"],
  ['a..b=1', "Invalid parameter 'a..b'"],
  ['1a=3', "Invalid parameter '1a'"],
  ['a.1x=2', "Invalid parameter 'a.1x'"],
  ['a.-b=1', "Invalid parameter 'a.-b'"],
  ['_x=1', "Invalid parameter '_x'"],
  ['driver=x,size', "Expected '=' after parameter 'size'"],
  [`${long}=1`, `Parameter '${long}' is too long`],
  [`b.${long}=1`, `Parameter fragment '${long}' is too long`],
] as const)
  test(`QEMU's answer to '${text.slice(0, 30)}' is ours`, () => {
    assert.throws(() => parseKeyval(text), { name: 'OptionError', message: expected })
  })

test('a comma in the implied value ends it', () => {
  assert.throws(() => parseKeyval('a,,b', 'order'), { message: "Invalid parameter ''" })
})

test('members get their meaning', () => {
  const { object } = parseKeyval('on=yes,count=-0x10,mode=fast,name=')
  const kinds = { on: 'boolean', count: 'integer', mode: ['fast', 'slow'], name: 'string', other: 'string' } as const
  assert.deepEqual(readMembers(object, kinds), { on: true, count: -16n, mode: 'fast', name: '' })
})

for (const [text, expected] of [
  ['menu=x', "Parameter 'boot.menu' expects 'on' or 'off'"],
  ['time=x', "Parameter 'boot.time' expects integer"],
  ['time=99999999999999999999', "Parameter 'boot.time' expects integer"],
  ['time.x=1', "Parameters 'boot.time.*' are unexpected"],
  ['type=x', "Parameter 'type' does not accept value 'x'"],
  ['foo=1', "Parameter 'boot.foo' is unexpected"],
  ['foo.bar=1', "Parameter 'boot.foo' is unexpected"],
  ['menu=on,a=1,b=2,c=3,d=4', "Parameter 'boot.b' is unexpected"],
] as const)
  test(`the member in '${text}' is refused as QEMU does`, () => {
    const kinds = { menu: 'boolean', time: 'integer', type: ['none'] } as const
    assert.throws(() => readMembers(parseKeyval(text).object, kinds, 'boot.'), {
      name: 'OptionError',
      message: expected,
    })
  })

test('what is printed reads back', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,6}$/)
  const { member } = fc.letrec<{ member: KeyvalText }>((tie) => ({
    member: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.array(tie('member'), { minLength: 1, maxLength: 4 }),
      fc.dictionary(name, tie('member'), { minKeys: 1, maxKeys: 4 }) as fc.Arbitrary<KeyvalObject>,
    ),
  }))
  fc.assert(
    fc.property(fc.dictionary(name, member), (object) => {
      assert.deepEqual(read(printKeyval(object)), JSON.parse(JSON.stringify(object)))
    }),
  )
  assert.throws(() => printKeyval({ a: [] }), { name: 'OptionError' })
})

test('any text is read or refused, never worse', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab=,.01_-'), maxLength: 30 }), (text) => {
      try {
        parseKeyval(text, 'first')
      } catch (error) {
        assert.ok(error instanceof OptionError)
      }
    }),
  )
})
