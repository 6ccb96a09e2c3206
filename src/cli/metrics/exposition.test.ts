import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exposition } from './exposition.ts'

test('families of one name have one head, and values stand below it', () => {
  const running = (name: string, value: number) =>
    ({ name: 'up', type: 'gauge', help: 'Whether', points: [{ labels: { name }, value }] }) as const
  const text = exposition([running('a', 1), { ...running('b', 0), name: 'other' }, running('b', 0)])
  assert.equal(
    text,
    '# HELP up Whether\n# TYPE up gauge\nup{name="a"} 1\nup{name="b"} 0\n' +
      '# HELP other Whether\n# TYPE other gauge\nother{name="b"} 0\n',
  )
})

test('labels hold any text, and numbers are written as Prometheus reads them', () => {
  const points = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e21, 1.5].map((value) => ({
    labels: { name: 'quote " backslash \\ line\nend' },
    value,
  }))
  const lines = exposition([{ name: 'x', type: 'counter', help: 'back\\slash\nline', points }]).split('\n')
  assert.equal(lines[0], '# HELP x back\\\\slash\\nline')
  const label = '{name="quote \\" backslash \\\\ line\\nend"}'
  assert.deepEqual(lines.slice(2), [
    ...['+Inf', '-Inf', 'NaN', '1e+21', '1.5'].map((value) => `x${label} ${value}`),
    '',
  ])
})

test('a family without values is left out', () => {
  assert.equal(exposition([{ name: 'x', type: 'gauge', help: 'None', points: [] }]), '')
})
