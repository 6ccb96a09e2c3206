import assert from 'node:assert/strict'
import { test } from 'node:test'
import { awaitBit, com1, forever, receive, send } from '../../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../../test/guests/guest-board.ts'

const timeout = 120_000
const total = 1 << 20
/** Waits until the transmitter is empty, and sends. */
const transmit = [...awaitBit(com1 + 5, 0x20), 0xba, com1 & 0xff, com1 >> 8, 0xee]
const echo = forever(...receive, 0x88, 0xc4, ...awaitBit(com1 + 5, 0x20), 0x88, 0xe0, ...transmit.slice(7)) // mov ah, al ... mov al, ah

test('a mebibyte goes through a serial port and back, in order and complete', { timeout }, async (t) => {
  const { board, witness } = await guestBoard(t, echo)
  await board.resume()
  const bytes = Buffer.from(Uint8Array.from({ length: total }, (_, index) => (index * 31 + (index >> 8)) & 0xff))
  for (let at = 0; at < total; at += 1 << 16) await board.serial[0]!.write(bytes.subarray(at, at + (1 << 16)))
  assert.ok((await witness.heard(total)).equals(bytes))
})

test('a break comes behind what was sent, as a zero, and the status tells of it once', { timeout }, async (t) => {
  const status = [0xba, (com1 + 5) & 0xff, (com1 + 5) >> 8, 0xec, ...transmit.slice(7)] // in al, dx; send it
  const { board, witness } = await guestBoard(t, [
    ...[...receive, ...transmit.slice(7)],
    ...awaitBit(com1 + 5, 0x10),
    ...[...receive, ...transmit.slice(7), ...status],
  ])
  await board.resume()
  await Promise.all([board.serial[0]!.write(Uint8Array.of(0x61)), board.serial[0]!.break()])
  assert.deepEqual([...(await witness.heard(3))], [0x61, 0, 0x60])
})

test('a guest that sends stalls while nobody takes it, and goes on when somebody does', { timeout }, async (t) => {
  const { board, witness } = await guestBoard(
    t,
    forever(0xfe, 0xc4, ...awaitBit(com1 + 5, 0x20), 0x88, 0xe0, ...transmit.slice(7)),
  ) // inc ah ... mov al, ah
  const release = witness.hold()
  await board.resume()
  await witness.heard(64 << 10)
  // The guest now has all the time that it takes to come round a hundred times.
  for (let turn = 0; turn < 100; turn++) await board.cpu()
  const stalled = witness.received
  assert.ok(stalled <= 65 << 10, `${stalled} bytes have come`)
  for (let turn = 0; turn < 100; turn++) await board.cpu()
  assert.equal(witness.received, stalled)
  release()
  const heard = await witness.heard(total)
  for (let at = 1; at < total; at++) {
    if (heard[at] !== ((heard[at - 1]! + 1) & 0xff)) assert.fail(`byte ${at} is missing`)
  }
})

test('bytes for a guest that does not read wait, and are there when it does', { timeout }, async (t) => {
  const { board, witness } = await guestBoard(t, [...send('>'), ...echo])
  const text = Buffer.from('all that was written while the CPU stood still '.repeat(40))
  const written = board.serial[0]!.write(text)
  await board.cpu()
  assert.equal(witness.received, 0)
  await board.resume()
  await written
  assert.equal(String(await witness.heard(text.length + 1)), `>${text}`)
})
