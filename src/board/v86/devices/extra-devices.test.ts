import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { forever, in8, out8, receive, send, sendAl } from '../../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../../test/guests/guest-board.ts'

const pvpanic = { driver: 'pvpanic', id: undefined, properties: { ioport: 0x505, events: 3 } } as const
const ib700 = { driver: 'ib700', id: undefined, properties: {} } as const

const cmos = (index: number, value: number): number[] => [...out8(0x70, index), ...out8(0x71, value)]
const readCmos = (index: number): number[] => [...out8(0x70, index), ...in8(0x71), ...sendAl]

describe('pvpanic', () => {
  test('tells what it takes, passes on a crash that the guest deals with, and stops it at a panic', async (t) => {
    const code = [...in8(0x505), ...sendAl, ...out8(0x505, 2), ...send('c'), ...out8(0x505, 1), ...send('p')]
    const { board, witness } = await guestBoard(t, code, { devices: [pvpanic] })
    await board.resume()
    await witness.told(2)
    assert.deepEqual(witness.notices, ['guestCrashloaded', 'guestPanicked'])
    assert.equal(witness.serial.toString('latin1'), '\x03c')
    assert.equal(board.state, 'paused')
    await board.resume()
    await witness.heard(3)
    assert.equal(witness.serial.toString('latin1'), '\x03cp', 'it runs on if it is let')
  })

  test('is where it was asked for, and nowhere else', async (t) => {
    const code = [...in8(0x505), ...sendAl, ...in8(0x600), ...sendAl]
    const { board, witness } = await guestBoard(t, code, {
      devices: [{ ...pvpanic, properties: { ioport: 0x600, events: 1 } }],
    })
    await board.resume()
    await witness.heard(2)
    assert.deepEqual([...witness.serial], [0xff, 1])
  })
})

describe('the ib700 watchdog', () => {
  test('bites when it is not fed, and the guest runs on', async (t) => {
    const code = [...out8(0x443, 0x0f), ...forever(...receive, ...sendAl)]
    const { board, witness } = await guestBoard(t, code, { devices: [ib700] })
    await board.resume()
    await witness.told(1)
    await board.serial[0]!.write(Uint8Array.of(0x41))
    await witness.heard(1)
    assert.deepEqual(witness.notices, ['watchdogExpired'])
  })

  test('does not bite when it has been disarmed', async (t) => {
    const code = [...out8(0x443, 0), ...out8(0x441, 0), ...send('s')]
    const { board, witness } = await guestBoard(t, code, { devices: [ib700] })
    await board.resume()
    await witness.heard(1)
    await board.pause()
    const state = await board.saveDevices()
    assert.match(Buffer.from(state.subarray(0, 4096)).toString('latin1'), /"ib700\.0":\[\]/)
    assert.deepEqual(witness.notices, [])
  })

  test('keeps what is left of its time when the machine is saved', async (t) => {
    const code = [...out8(0x443, 0), ...send('s')]
    const { board, witness } = await guestBoard(t, code, { devices: [ib700] })
    await board.resume()
    await witness.heard(1)
    await board.pause()
    const left = async (of: typeof board): Promise<number> =>
      Number(
        /"ib700\.0":\[([\d.]+)\]/.exec(Buffer.from((await of.saveDevices()).subarray(0, 4096)).toString('latin1'))?.[1],
      )
    const before = await left(board)
    assert.ok(before > 20_000 && before <= 30_000, String(before))
    const { board: other } = await guestBoard(t, code, { devices: [ib700] })
    await other.restoreDevices(await board.saveDevices())
    assert.equal(await left(other), before)
    await other.reset()
    assert.ok(Number.isNaN(await left(other)), 'a reset disarms it')
  })
})

describe("the guest's clock", () => {
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
    assert.ok(Math.abs(witness.clockOffsets[0]! - offset) <= 5)
  })
})
