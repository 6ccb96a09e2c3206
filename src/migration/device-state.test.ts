import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceState } from './device-state.ts'

test('a state of devices is not loaded into a guest that was let run when it was the turn of it', async () => {
  const untouched = async (): Promise<never> => assert.fail('the board is left alone')
  const board = { kind: 'none', ramBytes: 0, saveDevices: untouched, restoreDevices: untouched } as const
  const state = new DeviceState(board, { running: false, standingStill: (work) => work(true) })
  await assert.rejects(state.load('/none'), { message: 'Cannot update device state while vm is running' })
})
