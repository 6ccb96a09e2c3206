import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkMove, checkVerb, type JobStatus, type JobVerb, jobStatuses } from './job-states.ts'

// QEMU's own tables, a row a line: undefined, created, running, paused, ready, standby, waiting, pending, aborting,
// concluded, null.
const moves: Readonly<Record<JobStatus, string>> = {
  undefined: '01000000000',
  created: '00100000101',
  running: '00011010100',
  paused: '00100000000',
  ready: '00000110100',
  standby: '00001000000',
  waiting: '00000001100',
  pending: '00000000110',
  aborting: '00000000110',
  concluded: '00000000001',
  null: '00000000000',
}

const verbs: Readonly<Record<JobVerb, string>> = {
  cancel: '01111111000',
  pause: '01111100000',
  resume: '01111100000',
  'set-speed': '01111100000',
  complete: '00001100000',
  finalize: '00000001000',
  dismiss: '00000000010',
}

const holds = (check: () => void): string => {
  try {
    check()
    return '1'
  } catch {
    return '0'
  }
}

test('jobs go where those of QEMU go, and nowhere else', () => {
  for (const from of jobStatuses) {
    assert.equal(jobStatuses.map((to) => holds(() => checkMove('j', from, to))).join(''), moves[from], from)
  }
})

test('jobs take what those of QEMU take, and refuse the rest in its words', () => {
  for (const verb of Object.keys(verbs) as JobVerb[]) {
    assert.equal(jobStatuses.map((at) => holds(() => checkVerb('j', at, verb))).join(''), verbs[verb], verb)
  }
  assert.throws(() => checkVerb('j0', 'running', 'complete'), {
    message: "Job 'j0' in state 'running' cannot accept command verb 'complete'",
  })
})
