import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JsonFault, parseStrictJson } from './strict-json.ts'

/** Where a text is wrong, and why. */
function faultOf(text: string): string {
  try {
    parseStrictJson(text)
  } catch (error) {
    if (error instanceof JsonFault) return `${error.line}:${error.column} ${error.message}`
    throw error
  }
  return 'none'
}

test('says where a text is not JSON, and which member stands twice', () => {
  const texts = [
    '',
    '{',
    '{"a": 1,}',
    '[1 2]',
    '{"a": tru}',
    '[1]]',
    "{'a': 1}",
    '{\n "a": 1,\n  "a": 2}',
    '{"a" 1}',
    '[}',
  ]
  assert.deepEqual(texts.map(faultOf), [
    '1:1 the text ends too early',
    '1:2 the text ends too early',
    '1:9 this cannot stand here',
    '1:4 this cannot stand here',
    '1:7 this cannot stand here',
    '1:4 this cannot stand here',
    '1:2 this cannot stand here',
    "3:3 member 'a' is said twice",
    '1:6 this cannot stand here',
    '1:2 this cannot stand here',
  ])
  assert.equal(faultOf('['.repeat(64) + ']'.repeat(64)), 'none')
  assert.equal(faultOf('['.repeat(65)), '1:65 there are too many levels')
})

test('takes what JSON.parse takes, and nothing else', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), (text) => {
      assert.deepEqual(parseStrictJson(text), JSON.parse(text))
    }),
  )
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"b"',
    '1',
    '-0.5e3',
    '01',
    'null',
    ' ',
    '\n',
    'x',
    '"',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (words) => {
      const text = words.join('')
      let isJson = true
      try {
        JSON.parse(text)
      } catch {
        isJson = false
      }
      const fault = faultOf(text)
      assert.equal(fault === 'none' || fault.endsWith('twice'), isJson || fault.endsWith('twice'), text)
    }),
    { numRuns: 2000 },
  )
})
