import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { twoDigits } from './percent.ts'

test('percentages have the digits that the C library prints', () => {
  const values: number[] = []
  for (let whole = 1; whole <= 160; whole += 3) {
    for (let part = 0; part <= whole; part++) values.push((part * 100) / whole)
  }
  for (let eighth = 0; eighth <= 800; eighth++) values.push(eighth / 8)
  values.push(8.345, 1.005, 0.615)
  // printf of the shell calculates with more digits than a double has; awk's does not.
  const printed = execFileSync('awk', ['{ printf "%.2f\\n", $1 }'], {
    input: values.map((value) => `${value}\n`).join(''),
    encoding: 'utf8',
  })
  assert.deepEqual(values.map(twoDigits), printed.trimEnd().split('\n'))
})
