import assert from 'node:assert/strict'
import { test } from 'node:test'
import { move, RunStateError, runStates } from './run-state.ts'

test('every state can be reset to prelaunch, except while the state is being saved or loaded', () => {
  for (const state of runStates) {
    if (state === 'running' || state === 'save-vm') assert.throws(() => move(state, 'prelaunch'), RunStateError)
    else assert.equal(move(state, 'prelaunch'), 'prelaunch')
  }
})

test('an illegal move names the state and the states that would do', () => {
  assert.throws(
    () => move('shutdown', 'running'),
    (error) =>
      error instanceof RunStateError &&
      error.from === 'shutdown' &&
      error.legal.join() === 'paused,finish-migrate,prelaunch,colo',
  )
})

test('staying in a state is no move', () => {
  for (const state of runStates) assert.equal(move(state, state), state)
})
