import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { in8, out8, sendAl } from '../../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../../test/guests/guest-board.ts'

const cmos = (index: number, value: number): number[] => [...out8(0x70, index), ...out8(0x71, value)]
const readCmos = (index: number): number[] => [...out8(0x70, index), ...in8(0x71), ...sendAl]

describe("the guest's clock", () => {
  test('tells of the end of a second, of an alarm, and of periods, until it is asked', async (t) => {
    /** Waits until a bit of register C is set, and sends the register. */
    const awaitEvent = (bit: number): number[] => {
      const look = [...out8(0x70, 0x0c), ...in8(0x71), 0x88, 0xc3, 0xa8, bit] // mov bl, al; test al, bit
      return [...look, 0x74, 256 - look.length - 2, 0x88, 0xd8, ...sendAl]
    }
    const any = [1, 3, 5].flatMap((place) => cmos(place, 0xff))
    const events = [...any, ...cmos(0x0b, 0x62), ...awaitEvent(0x40), ...awaitEvent(0x20), ...cmos(0x0b, 0x02)]
    const { board, witness } = await guestBoard(t, [...events, ...readCmos(0x0c), ...readCmos(0x0c)])
    await board.resume()
    const heard = await witness.heard(4)
    assert.equal(heard[0]! & 0xc0, 0xc0)
    assert.equal(heard[1]! & 0xa0, 0xa0)
    assert.equal(heard[3]! & 0xf0, 0)
  })

  test('is set at once by each register that is written', async (t) => {
    const code = [...cmos(0x32, 0x20), ...cmos(9, 0x40), ...readCmos(9)]
    const { board, witness } = await guestBoard(t, code)
    await board.resume()
    await witness.heard(1)
    assert.deepEqual([...witness.serial], [0x40])
    assert.equal(witness.clockOffsets.length, 2)
    const now = new Date()
    const then = Date.UTC(2040, now.getUTCMonth(), now.getUTCDate(), now.getUTCHours(), now.getUTCMinutes())
    const wanted = Math.round((then + now.getUTCSeconds() * 1000 - now.getTime()) / 1000)
    assert.ok(Math.abs(witness.clockOffsets[1]! - wanted) <= 2, `${witness.clockOffsets[1]} is not ${wanted}`)
  })

  test('is set as a whole when register B says so, in binary and in twelve hours as well', async (t) => {
    const setting = [
      ...[cmos(0x0b, 0x84), cmos(0, 59), cmos(2, 58), cmos(4, 0x80 | 11), cmos(7, 29), cmos(8, 2), cmos(9, 44)],
      ...[
        cmos(0x32, 20),
        readCmos(9),
        cmos(0x0b, 0x06),
        readCmos(4),
        readCmos(2),
        readCmos(7),
        readCmos(8),
        readCmos(9),
      ],
    ].flat()
    const { board, witness } = await guestBoard(t, setting, { rtcStops: true })
    await board.resume()
    await witness.heard(6)
    assert.deepEqual([...witness.serial], [44, 23, 58, 29, 2, 44])
    assert.equal(witness.clockOffsets.length, 1)
    const offset = Math.round((Date.UTC(2044, 1, 29, 23, 58, 59) - Date.now()) / 1000)
    assert.ok(Math.abs(witness.clockOffsets[0]! - offset) <= 60)
  })
})
