import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { difference, eventName, isReply, sameLine } from './match.ts'

const stop = '{"timestamp": {"seconds": "@int@", "microseconds": "@int@"}, "event": "STOP"}'
const stopped = '{"timestamp": {"seconds": 1700000000, "microseconds": 7}, "event": "STOP"}'

describe('comparing lines', () => {
  it('takes a marker for any value of its kind, and for nothing else', () => {
    assert.ok(sameLine('{"a": "@int@"}', '{"a": -12}'))
    assert.ok(!sameLine('{"a": "@int@"}', '{"a": 1.5}'))
    assert.ok(!sameLine('{"a": "@int@"}', '{"a": "12"}'))
    assert.ok(sameLine('{"a": "@num@"}', '{"a": 1.5e-05}'))
    assert.ok(sameLine('{"a": "@str@"}', String.raw`{"a": "say \"x\", 'y'"}`))
    assert.ok(!sameLine('{"a": "@str@"}', '{"a": "x", "b": "y"}'))
    assert.ok(sameLine('{"a": "@any@"}', '{"a": true}'))
    assert.ok(!sameLine('{"a": "@any@"}', '{"a": {}}'))
    assert.ok(sameLine('{"a": "done @int@ of 5"}', '{"a": "done 3 of 5"}'))
    assert.ok(!sameLine('{"a": "done @int@ of 5"}', '{"a": "done x of 5"}'))
  })

  it('compares what stands around a marker literally', () => {
    assert.ok(!sameLine('{"a.b": "@int@"}', '{"axb": 1}'))
    assert.ok(!sameLine('{"a": "@int@"}', '{"a":1}'))
    assert.ok(!sameLine('{"a": "@int@"}', '{"a": 1} '))
  })

  it('takes generated node names for equal, whatever their digits', () => {
    assert.ok(sameLine('{"node-name": "#blockNNN"}', '{"node-name": "#block173"}'))
    assert.ok(!sameLine('{"node-name": "#blockNNN"}', '{"node-name": "#blocks"}'))
  })

  it('tells answers from events', () => {
    assert.ok(isReply('{"return": {}, "id": 1}'))
    assert.ok(isReply('{"id": {"timestamp": 1}, "error": {"class": "GenericError", "desc": "x"}}'))
    assert.ok(isReply('{"QMP": {"version": {}, "capabilities": []}}'))
    assert.ok(!isReply('{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "X", "data": {"error": "no"}}'))
    assert.equal(eventName(stopped), 'STOP')
    assert.equal(eventName('{"return": {"event": "STOP"}}'), undefined)
  })
})

describe('comparing sequences of lines', () => {
  it('finds a line too many, a line too few, and another order', () => {
    assert.equal(difference([stop, '{"return": {}}'], [stopped, '{"return": {}}'], undefined), undefined)
    assert.match(difference([stop, '{"return": {}}'], ['{"return": {}}'], undefined)!, /got:\n +\{"return"/)
    assert.ok(difference(['{"return": {}}'], ['{"return": {}}', stopped], undefined))
    assert.ok(difference([stop, '{"return": {}}'], ['{"return": {}}', stopped], undefined))
  })

  it('lets the reply stand anywhere where the recording says so, but keeps the order of the events', () => {
    const other = '{"timestamp": {"seconds": 1, "microseconds": 1}, "event": "RESUME"}'
    assert.equal(difference([stop, '{"return": {}}', other], ['{"return": {}}', stopped, other], 'any'), undefined)
    assert.ok(difference([stop, '{"return": {}}', other], ['{"return": {}}', other, stopped], 'any'))
  })
})
