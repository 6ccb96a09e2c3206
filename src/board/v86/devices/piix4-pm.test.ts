import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  enablePower,
  forever,
  in8,
  out8,
  out16,
  out32,
  powerPorts,
  receive,
  sendAl,
  sendEax,
} from '../../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../../test/guests/guest-board.ts'

const pm1Status = powerPorts

test('the power button sets its bit of PM1 status, which the guest clears by writing a one', {
  timeout: 300_000,
}, async (t) => {
  const status = [...in8(pm1Status + 1), ...sendAl]
  const { board, witness } = await guestBoard(t, [
    ...enablePower,
    ...forever(...receive, ...status, ...out16(pm1Status, 0x0001), ...status, ...out16(pm1Status, 0x0100), ...status),
  ])
  await board.resume()
  const next = async (): Promise<number[]> => {
    const before = witness.received
    await board.serial[0]!.write(Uint8Array.of(0))
    return [...(await witness.heard(before + 3))].slice(before)
  }
  assert.deepEqual(await next(), [0, 0, 0])
  await board.pressPowerButton()
  assert.deepEqual(await next(), [1, 1, 0])
  assert.deepEqual(await next(), [0, 0, 0])
})

test('the timer follows guest time, back as well when an earlier state is restored', {
  timeout: 300_000,
}, async (t) => {
  const { board, witness } = await guestBoard(t, [
    ...enablePower,
    ...forever(...receive, 0xba, (powerPorts + 8) & 0xff, (powerPorts + 8) >> 8, 0x66, 0xed, ...sendEax),
  ])
  const ticks = async (): Promise<number> => {
    const before = witness.received
    await board.serial[0]!.write(Uint8Array.of(0))
    return (await witness.heard(before + 4)).readUInt32LE(before)
  }
  const begin = await board.saveDevices()
  await board.resume()
  let late = 0 // 1.4 s: longer than an answer takes on a busy machine
  while (late < 5_000_000) late = await ticks()
  assert.ok(late <= 0xffffff)
  await board.pause()
  await board.restoreDevices(begin)
  await board.resume()
  const early = await ticks()
  assert.ok(early < late, `${early} behind ${late}`)
})

test('the power button wakes a guest that halts, through the system control interrupt', {
  timeout: 300_000,
}, async (t) => {
  // Interrupt 9 comes through the second controller as vector 0x71; its handler at 0000:0600 sends 'P' and halts.
  const { board, witness } = await guestBoard(t, [
    ...[0x11, 0x08, 0x04, 0x01].flatMap((value, index) => out8(index === 0 ? 0x20 : 0x21, value)),
    ...[0x11, 0x70, 0x02, 0x01].flatMap((value, index) => out8(index === 0 ? 0xa0 : 0xa1, value)),
    ...[...out8(0x21, 0xfb), ...out8(0xa1, 0xfd)],
    ...[...enablePower, ...out16(pm1Status + 2, 0x0100)],
    ...[0xb0, 0x3e, ...sendAl],
    ...[0xfb, ...forever(0xf4)],
  ])
  await board.writePhysical(0x71 * 4, Uint8Array.of(0x00, 0x06, 0x00, 0x00))
  await board.writePhysical(0x600, Uint8Array.of(0xba, 0xf8, 0x03, 0xb0, 0x50, 0xee, 0xfa, 0xf4))
  await board.resume()
  await witness.heard(1)
  await board.pressPowerButton()
  assert.equal(String(await witness.heard(2)), '>P')
})

test('the hot-plug registers say that nothing comes and nothing goes', { timeout: 300_000 }, async (t) => {
  const ports = [0xae00, 0xae04, 0xae08, 0xaf00, 0xaf01]
  const { board, witness } = await guestBoard(
    t,
    ports.flatMap((port) => [...in8(port), ...sendAl]),
  )
  await board.resume()
  assert.deepEqual([...(await witness.heard(ports.length))], [0, 0, 0, 1, 0])
})

test('the fixed registers answer where and when the firmware says, at any width', { timeout: 300_000 }, async (t) => {
  const setEnable = (base: number) => out16(base + 2, 0x0120)
  const look = (base: number) => [...in8(base + 2), ...sendAl, ...in8(base + 3), ...sendAl]
  const { board, witness } = await guestBoard(t, [
    ...look(powerPorts),
    ...[
      ...enablePower,
      ...setEnable(powerPorts),
      ...look(powerPorts),
      ...out8(powerPorts + 3, 0x04),
      ...look(powerPorts),
    ],
    ...[...out32(0xcf8, 0x80000b40), ...out32(0xcfc, 0xb03f), ...look(powerPorts), ...look(0xb000)],
    ...[...out32(0xcf8, 0x80000b80), ...out8(0xcfc, 0), ...look(0xb000)],
  ])
  await board.resume()
  const [nowhere, enable, changed] = [
    [0xff, 0xff],
    [0x20, 0x01],
    [0x20, 0x04],
  ] as const
  const expected = [nowhere, enable, changed, nowhere, changed, nowhere].flat()
  assert.deepEqual([...(await witness.heard(expected.length))], expected)
})
