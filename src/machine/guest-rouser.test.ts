import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silent } from '../log/index.ts'
import { GuestRouser } from './guest-rouser.ts'

function stopped() {
  const guest = {
    roused: 0,
    running: false,
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
    rouser.arrived('a')
    assert.equal(guest.roused, turn)
    await new Promise((resolve) => setImmediate(resolve))
  }
})

test('a machine that runs when it has begun is not roused', () => {
  const guest = { ...stopped(), running: true }
  const rouser = new GuestRouser(silent)
  rouser.arrived('a')
  rouser.begun(guest)
  assert.equal(guest.roused, 0)
})
