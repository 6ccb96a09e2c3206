/** Generators of input for JSON parsers: text of every kind that QMP's dialect knows, and text that was spoilt. */
import fc from 'fast-check'

const number = fc.oneof(
  fc.constantFrom('0', '-0', '1.0', '1e3', '-0.0', '1E400', '9007199254740993', '123456789012345', '-9007199254740991'),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.double().map((value) => (Number.isFinite(value) ? String(value) : '7')),
)

const strings = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => JSON.stringify(text)),
  fc.constantFrom('"\\u00e9"', "'q'", '"\\/"', '"__proto__"', '"constructor"', '"7"', '"101"', '"é"', '"a"', '""'),
  fc.constantFrom('"\\ud83d\\ude00"', '"\\ud83d"', '"\\u0000"', '"\\x"', '"中\u007f"', '"\uffff"', "'\"\\''"),
)

/** One value: numbers, words, strings, arrays and objects, spaced a little, now and then with an error in a string. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ text: string; array: string; object: string }>((tie) => ({
  array: fc.array(tie('text'), { maxLength: 4 }).map((items) => `[${items.join(', ')}]`),
  object: fc
    .array(fc.tuple(strings, tie('text')), { maxLength: 5 })
    .map((members) => `{${members.map(([name, value]) => `${name} :${value}`).join(',')}}`),
  text: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    number,
    fc.constantFrom('true', 'false', 'null'),
    strings,
    tie('array'),
    tie('object'),
  ),
})).text

const mutation = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('replace', 'insert', 'remove', 'cut', 'double'),
  byte: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...Buffer.from('{}[]:,"\'\\ue-0. \n\t\xff', 'latin1'))),
})

type Mutation = typeof mutation extends fc.Arbitrary<infer M> ? M : never

function mutate(bytes: Uint8Array, { at, kind, byte }: Mutation): Uint8Array {
  const index = at % Math.max(bytes.length, 1)
  const rest = bytes.subarray(index)
  switch (kind) {
    case 'replace':
      return Buffer.concat([bytes.subarray(0, index), Uint8Array.of(byte), rest.subarray(1)])
    case 'insert':
      return Buffer.concat([bytes.subarray(0, index), Uint8Array.of(byte), rest])
    case 'remove':
      return Buffer.concat([bytes.subarray(0, index), rest.subarray(1)])
    case 'double':
      return Buffer.concat([bytes.subarray(0, index), rest, rest])
    default:
      return bytes.subarray(0, index)
  }
}

/** The same input with up to `most` bytes changed, added, left out or doubled, or cut short. */
export function spoilt(input: fc.Arbitrary<Uint8Array>, most = 4): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(input, fc.array(mutation, { minLength: 1, maxLength: most }))
    .map(([bytes, mutations]) => mutations.reduce(mutate, bytes))
}
