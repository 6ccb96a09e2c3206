import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { takeExpression } from './expression.ts'
import { cursorOn } from './words.ts'

const registers = (name: string): bigint | undefined => (name === 'eax' ? 5n : undefined)

function value(text: string): bigint {
  return takeExpression(cursorOn(text), registers)
}

test('operators bind as in QEMU: products first, then bits, then sums, each from the left', () => {
  for (const [text, expected] of [
    ['1 + 2 * 3', 7n],
    ['7&3|8', 11n],
    ['1+7&3', 4n],
    ['8-4-2', 2n],
    ['100/7%4', 2n],
    ['-(1+2)', -3n],
    ['--5', 5n],
    ['~0', -1n],
    ["'a'+1", 98n],
    ['$eax*2', 10n],
    ['010', 8n],
    ['0x7fffffffffffffff+1', -(1n << 63n)],
    ['18446744073709551615', -1n],
  ] as const)
    assert.equal(value(text), expected, text)
})

test('what is no expression is refused in the words of QEMU', () => {
  for (const [text, message] of [
    ['', 'unexpected end of expression'],
    ['1+', 'unexpected end of expression'],
    ['(1', "')' expected"],
    ["'", 'character constant expected'],
    ["'ab'", "missing terminating ' character"],
    ['$foo', 'unknown register'],
    ["'é'", "missing terminating ' character"],
    ['#', "invalid char '#' in expression"],
    ['é', "invalid char '\ufffd' in expression"],
    ['18446744073709551616', 'number too large'],
    ['1/0', 'division by zero'],
    ['1%0', 'division by zero'],
    ['('.repeat(100_000), 'expression is nested too deeply'],
  ] as const)
    assert.throws(() => value(text), { message })
})

test('reading stops behind the expression and the space that follows', () => {
  const cursor = cursorOn(' 0x10  rest')
  assert.equal(takeExpression(cursor, registers), 16n)
  assert.equal(cursor.line.slice(cursor.position), 'rest')
  const hexless = cursorOn('0xg')
  assert.equal(takeExpression(hexless, registers), 0n)
  assert.equal(hexless.line.slice(hexless.position), 'xg')
})

test('any text gives 64 bits or a refusal', () => {
  const pieces = fc.constantFrom(
    '1',
    '0x',
    '08',
    '+',
    '-',
    '*',
    '/',
    '%',
    '&',
    '|',
    '^',
    '~',
    '(',
    ')',
    "'",
    '$eax',
    '$',
    ' ',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      try {
        const result = value(parts.join(''))
        assert.equal(BigInt.asIntN(64, result), result)
      } catch (error) {
        assert.equal((error as Error).name, 'HmpError')
      }
    }),
    { numRuns: 5000 },
  )
})
