import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Step } from './case.ts'
import { merge } from './merge.ts'

const event = (name: string, at: number) =>
  `{"timestamp": {"seconds": ${at}, "microseconds": ${at}}, "event": "${name}"}`
const marked = (name: string) => `{"timestamp": {"seconds": "@int@", "microseconds": "@int@"}, "event": "${name}"}`

function merged(first: readonly string[], second: readonly string[], others?: Step['others']): Step {
  return merge({ expect: first, ...(others && { others }) }, { expect: second, ...(others && { others }) })
}

describe('merging two recordings', () => {
  it('marks scalars that differ by their kind, and keeps the rest', () => {
    assert.deepEqual(merged(['{"a": 1, "b": "x", "c": true}'], ['{"a": 1, "b": "x", "c": true}']).expect, [
      '{"a": 1, "b": "x", "c": true}',
    ])
    assert.deepEqual(merged(['{"a": 1, "b": "x", "c": 1.5}'], ['{"a": -2, "b": "y", "c": 2}']).expect, [
      '{"a": "@int@", "b": "@str@", "c": "@num@"}',
    ])
    assert.deepEqual(merged(['{"a": true}'], ['{"a": false}']).expect, ['{"a": "@any@"}'])
  })

  it('marks times, host numbers and generated names even where they agree', () => {
    assert.deepEqual(merged([event('STOP', 5)], [event('STOP', 5)]).expect, [marked('STOP')])
    assert.deepEqual(
      merged(['{"node-name": "#block12", "actual-size": 4096}'], ['{"node-name": "#block12", "actual-size": 4096}'])
        .expect,
      ['{"node-name": "#blockNNN", "actual-size": "@int@"}'],
    )
  })

  it('notes that the reply races with events', () => {
    const step = merged(
      [event('STOP', 1), '{"return": {}}', event('RESUME', 1)],
      ['{"return": {}}', event('STOP', 2), event('RESUME', 2)],
    )
    assert.equal(step.reply_order, 'any')
    assert.deepEqual(step.expect, [marked('STOP'), '{"return": {}}', marked('RESUME')])
  })

  it('merges what other connections heard', () => {
    assert.deepEqual(merged([], [], { B: [event('STOP', 3)] }).others, { B: [marked('STOP')] })
  })

  it('refuses recordings that differ in more than scalars', () => {
    assert.throws(() => merged(['{"a": 1}'], ['{"a": {}}']))
    assert.throws(() => merged(['{"a": 1}'], ['{"a": 1, "b": 2}']))
    assert.throws(() => merged(['{"a": 1}'], []))
    assert.throws(() => merge({ stdout: 'a' }, { stdout: 'b' }))
  })
})
