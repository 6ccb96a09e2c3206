import assert from 'node:assert/strict'
import { test } from 'node:test'
import { awaitBit, forever, in8, out8, send, sendAl } from '../../../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../../../test/guests/guest-board.ts'

test('scan codes come to the guest in order and complete, however many are sent at once', {
  timeout: 300_000,
}, async (t) => {
  // Lets the controller translate to set 1, enables the keyboard, takes its acknowledgement, then sends on whatever it sends.
  const { board, witness } = await guestBoard(t, [
    ...out8(0x64, 0x60),
    ...out8(0x60, 0x40),
    ...out8(0x60, 0xf4),
    ...awaitBit(0x64, 1),
    ...in8(0x60),
    ...send('>'),
    ...forever(...awaitBit(0x64, 1), ...in8(0x60), ...sendAl),
  ])
  await board.resume()
  await witness.heard(1)
  const codes = Array.from({ length: 400 }, (_, index) => (index % 0x50) + 1)
  await board.keyboard.send(codes.slice(0, 300))
  await board.keyboard.send(codes.slice(300))
  assert.deepEqual([...(await witness.heard(401))].slice(1), codes)
})
