import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PlayResult, StepResult } from '../oracle/transcript.ts'
import { judge } from './judge.ts'
import type { Row } from './rows.ts'

function played(...outcomes: StepResult['outcome'][]): PlayResult {
  return {
    steps: outcomes.map((outcome, index) => ({ index, outcome, difference: 'this and that' })),
    exit: { status: 0, signal: null, stderr: '' },
    leftovers: [],
  }
}

function row(...steps: number[]): Row {
  const all = { transcript: 'topic', case: 'case', kind: 'divergent', reason: 'because' } as const
  return steps.length === 0 ? all : { ...all, steps }
}

describe('judging a case', () => {
  it('has nothing to say about what is as recorded, pending, or declared', () => {
    assert.deepEqual(judge(played('same', 'pending'), []), [])
    assert.deepEqual(judge(played('same', 'different', 'pending'), [row(1)]), [])
    assert.deepEqual(judge(played('same', 'different'), [row()]), [])
  })

  it('names a difference that no row declares', () => {
    assert.match(judge(played('different', 'different'), [row(1)]).join(), /^step 0 differs, .*this and that$/s)
  })

  it('names a row whose difference has gone', () => {
    assert.deepEqual(judge(played('same', 'different'), [row(0, 1)]), [
      'the row "because" is stale: step 0 is as recorded',
    ])
    assert.deepEqual(judge(played('same', 'pending'), [row()]), [
      'the row "because" is stale: all steps are as recorded',
    ])
    assert.deepEqual(judge(played('same'), [row(7)]), ['a row names step 7; there is none'])
  })

  it('takes a conversation that broke off for a difference', () => {
    const broken = { ...played(), failure: 'ENOENT', exit: { status: 1, signal: null, stderr: 'no such option' } }
    assert.deepEqual(judge(broken, [row()]), [])
    assert.deepEqual(judge(broken, []), ['broke off: ENOENT', 'ended with 1: no such option'])
  })

  it('names a bad end', () => {
    const crashed = { ...played('same'), exit: { status: 1, signal: null, stderr: 'oops' }, leftovers: ['qmp.sock'] }
    assert.deepEqual(judge(crashed, []), ['ended with 1: oops', 'left behind: qmp.sock'])
  })
})
