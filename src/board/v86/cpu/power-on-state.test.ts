import assert from 'node:assert/strict'
import { test } from 'node:test'
import { com1, enablePower, in8, out8, powerPorts, sendAl } from '../../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../../test/guests/guest-board.ts'

/** A register that a reset brings back: its name, its port, and what the guest leaves in it. */
const registers: readonly (readonly [name: string, port: number, value: number])[] = [
  ['mask of the first interrupt controller', 0x21, 0x5a],
  ['mask of the second interrupt controller', 0xa1, 0xa5],
  ['interrupt enable of COM1', com1 + 1, 0x05],
  ['modem control of COM1', com1 + 4, 0x0b],
  ['scratch of COM1', com1 + 7, 0x77],
  ['DMA page of channel 2', 0x81, 0x44],
  ['PM1 enable', powerPorts + 3, 0x01],
  ['GPE0 enable', 0xafe2, 0x02],
]

test('a reset brings the devices back to what they were at power-on', { timeout: 300_000 }, async (t) => {
  const report = [...enablePower, ...registers.flatMap(([, port]) => [...in8(port), ...sendAl])]
  const { board, witness } = await guestBoard(t, [
    ...report,
    ...registers.flatMap(([, port, value]) => out8(port, value)),
    ...report,
    ...out8(0x64, 0xfe),
  ])
  await board.resume()
  await witness.told(1)
  await board.reset()
  await board.resume()
  await witness.told(2)
  const reports = await witness.heard(4 * registers.length)
  const at = (time: number, index: number): number => reports[time * registers.length + index]!
  for (const [index, [name, , value]] of registers.entries()) {
    assert.notEqual(at(0, index), at(1, index), `the guest has not changed the ${name} by ${value}`)
    assert.equal(at(2, index), at(0, index), name)
    assert.equal(at(3, index), at(1, index), name)
  }
})
