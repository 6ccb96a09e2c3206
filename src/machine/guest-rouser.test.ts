import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deferred } from '../async/index.ts'
import { silent } from '../log/index.ts'
import { RunControl } from '../runstate/index.ts'
import { GuestRouser } from './guest-rouser.ts'

function stopped() {
  const guest = {
    roused: 0,
    state: 'prelaunch' as const,
    async rouse() {
      guest.roused++
    },
  }
  return guest
}

test('who comes before the machine has begun rouses the guest then, once', () => {
  const guest = stopped()
  const rouser = new GuestRouser(silent)
  rouser.arrived('a')
  rouser.arrived('b')
  assert.equal(guest.roused, 0)
  rouser.begun(guest)
  assert.equal(guest.roused, 1)
})

test('a machine for which nobody has come begins as it is; who comes later rouses it, again if it failed', async () => {
  const guest = stopped()
  const rouser = new GuestRouser(silent)
  rouser.begun(guest)
  assert.equal(guest.roused, 0)
  guest.rouse = async () => {
    guest.roused++
    throw new Error('no')
  }
  for (let turn = 1; turn <= 2; turn++) {
    rouser.arrived('a')
    assert.equal(guest.roused, turn)
    await new Promise((resolve) => setImmediate(resolve))
  }
})

/** A board that pauses when it is let. */
function runningMachine() {
  const paused = deferred<void>()
  const board = {
    resumed: 0,
    async resume() {
      board.resumed++
    },
    pause: () => paused.promise,
    async reset() {},
    async pressPowerButton() {},
    async wake() {},
    async injectNmi() {},
  }
  const control = new RunControl({ board, emit: () => undefined })
  return { board, control, paused }
}

test('who comes while the machine is being stopped rouses it when it stands', async () => {
  const { board, control, paused } = runningMachine()
  await control.launch()
  const rouser = new GuestRouser(silent)
  rouser.begun(control)
  const stopped = control.stop()
  rouser.arrived('a')
  paused.resolve()
  await stopped
  await control.rouse() // served behind the one above
  assert.deepEqual([control.state, board.resumed], ['running', 2])
})

test('who comes to a machine that runs changes nothing, and one that is stopped afterwards stands', async () => {
  const { board, control, paused } = runningMachine()
  await control.launch()
  const rouser = new GuestRouser(silent)
  rouser.arrived('a')
  rouser.begun(control)
  rouser.arrived('b')
  paused.resolve()
  await control.stop()
  assert.deepEqual([control.state, board.resumed], ['paused', 1])
})
