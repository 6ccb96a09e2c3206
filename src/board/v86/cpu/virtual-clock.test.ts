import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pass } from 'node:timers/promises'
import { forever, receive, sendEax } from '../../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../../test/guests/guest-board.ts'
import { VirtualClock } from './virtual-clock.ts'

test('the clock goes while it is started, and stands still while it is stopped', () => {
  let host = 1000
  const clock = new VirtualClock(() => host)
  const after = (milliseconds: number): number => {
    host += milliseconds
    return clock.now()
  }
  assert.equal(after(50), 0, 'it is made standing still')
  clock.start()
  clock.start()
  assert.equal(after(10), 10)
  clock.stop()
  assert.equal(after(7), 10)
  clock.stop()
  assert.equal(after(7), 10)
  clock.start()
  assert.equal(after(5), 15)
})

test('a timer waits for guest time, and not while that stands still', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let host = 0
  const clock = new VirtualClock(() => host)
  const pass = (milliseconds: number): void => {
    host += milliseconds
    t.mock.timers.tick(milliseconds)
  }
  let times = 0
  const timer = clock.timer(() => {
    times++
  })
  timer.arm(100)
  pass(500)
  assert.deepEqual([times, timer.left], [0, 100])
  clock.start()
  pass(60)
  clock.stop()
  pass(500)
  assert.deepEqual([times, timer.left], [0, 40])
  clock.start()
  pass(39)
  assert.equal(times, 0)
  pass(1)
  assert.deepEqual([times, timer.left], [1, undefined])
  timer.arm(10)
  timer.arm(undefined)
  pass(1000)
  timer.arm(10)
  timer.arm(30)
  pass(20)
  assert.equal(times, 1)
  pass(10)
  assert.equal(times, 2)
})

test('a guest reads less time than has passed outside, by what it stood still', { timeout: 300_000 }, async (t) => {
  // For each byte that comes: rdtsc; send EAX. The counter goes at 1 GHz; its low half lasts for four seconds.
  const { board, witness } = await guestBoard(t, forever(...receive, 0x0f, 0x31, ...sendEax))
  const read = async (): Promise<number> => {
    const before = witness.received
    await board.serial[0]!.write(Uint8Array.of(0))
    return (await witness.heard(before + 4)).readUInt32LE(before)
  }
  await board.resume()
  await read()
  const begin = performance.now()
  const first = await read()
  await board.pause()
  const stopped = performance.now()
  await pass(400) // the time that must not count
  const going = performance.now()
  await board.resume()
  const second = await read()
  const outside = stopped - begin + (performance.now() - going)
  const inside = ((second - first) >>> 0) / 1e6
  assert.ok(inside > 0 && inside <= outside, `${inside} ms inside, ${outside} ms outside`)
})
