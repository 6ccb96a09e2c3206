import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { sizeText } from './size-text.ts'

test('sizes are rounded as the C library rounds them', () => {
  const sizes = [
    0, 1, 512, 999, 1000, 1023, 1024, 1536, 12_544, 999_936, 1_000_448, 1_022_976, 1_023_488, 102_528, 10_245,
  ]
  const values = sizes.map((size) => (size < 1000 ? size : size / 1024))
  const expected = execFileSync('printf', [`${'%0.3g\n'.repeat(values.length)}`, ...values.map(String)], {
    encoding: 'utf8',
    env: { LC_ALL: 'C' },
  })
  assert.deepEqual(
    sizes.map((size) => sizeText(size).replace(/ .*/, '')),
    expected
      .trimEnd()
      .split('\n')
      .map((text, index) => (sizes[index]! >= 1_024_000 ? '' : text)),
  )
})
