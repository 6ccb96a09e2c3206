import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from './fake-clock.ts'
import { ThrottleGroup, type ThrottleMember } from './throttle-group.ts'
import {
  checkThrottleLimits,
  type ThrottleKind,
  type ThrottleLimit,
  type ThrottleLimits,
  throttleKinds,
} from './throttle-limits.ts'

function limitsOf(given: Partial<Record<ThrottleKind, Partial<ThrottleLimit>>>, iopsSize = 0): ThrottleLimits {
  const all = throttleKinds.map((kind) => [kind, { rate: 0, burst: 0, burstSeconds: 1, ...given[kind] }])
  return { ...(Object.fromEntries(all) as Record<ThrottleKind, ThrottleLimit>), iopsSize }
}

/** A guest that never stops asking, with so many requests at once; counts the bytes that got through. */
function busyGuest(member: ThrottleMember, direction: 'read' | 'write', bytes: number, depth = 4): { done: number } {
  const count = { done: 0 }
  const ask = async (): Promise<void> => {
    for (;;) {
      await member.enter(direction, bytes)
      count.done += bytes
      await Promise.resolve()
    }
  }
  for (let index = 0; index < depth; index++) void ask()
  return count
}

const kib = 1024
const seconds = 5

function near(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual / expected - 1) <= 0.05, `${what}: ${actual} is not within 5 % of ${expected}`)
}

for (const bytes of [512, 4 * kib, 64 * kib, 1024 * kib]) {
  test(`a limit in bytes holds for requests of ${bytes} bytes`, async () => {
    const clock = new FakeClock()
    const rate = 1024 * kib
    const group = new ThrottleGroup('g', limitsOf({ 'bps-total': { rate } }), clock)
    const guest = busyGuest(group.join(), 'read', bytes)
    await clock.run(1000) // what may come at once has come
    const before = guest.done
    await clock.run(seconds * 1000)
    near((guest.done - before) / seconds, rate, 'bytes a second')
  })
}

test('a limit in operations holds, and large requests count as several where that is asked for', async () => {
  for (const [iopsSize, bytes, expected] of [
    [0, 64 * kib, 100],
    [4 * kib, 16 * kib, 25],
  ] as const) {
    const clock = new FakeClock()
    const group = new ThrottleGroup('g', limitsOf({ 'iops-total': { rate: 100 } }, iopsSize), clock)
    const guest = busyGuest(group.join(), 'write', bytes)
    await clock.run(1000)
    const before = guest.done
    await clock.run(seconds * 1000)
    near((guest.done - before) / bytes / seconds, expected, 'operations a second')
  }
})

test('reads and writes have limits of their own, and a total limits both together', async () => {
  const clock = new FakeClock()
  const apart = new ThrottleGroup(
    'a',
    limitsOf({ 'bps-read': { rate: 100 * kib }, 'bps-write': { rate: 300 * kib } }),
    clock,
  )
  const member = apart.join()
  const [reader, writer] = [busyGuest(member, 'read', 4 * kib), busyGuest(member, 'write', 4 * kib)]
  const together = new ThrottleGroup('b', limitsOf({ 'bps-total': { rate: 200 * kib } }), clock).join()
  const both = [busyGuest(together, 'read', 4 * kib), busyGuest(together, 'write', 4 * kib)]
  await clock.run(1000)
  const before = [reader.done, writer.done, both[0]!.done + both[1]!.done]
  await clock.run(seconds * 1000)
  near((reader.done - before[0]!) / seconds, 100 * kib, 'reads')
  near((writer.done - before[1]!) / seconds, 300 * kib, 'writes')
  near((both[0]!.done + both[1]!.done - before[2]!) / seconds, 200 * kib, 'both')
})

test('drives in a group get the same, whatever the number and size of what they ask for', async () => {
  const clock = new FakeClock()
  const group = new ThrottleGroup('g', limitsOf({ 'iops-total': { rate: 300 } }), clock)
  const guests = [1, 4, 32].map((depth) => busyGuest(group.join(), 'read', kib, depth))
  await clock.run(1000)
  const before = guests.map(({ done }) => done)
  await clock.run(seconds * 1000)
  guests.forEach((guest, index) => {
    near((guest.done - before[index]!) / kib / seconds, 100, `drive ${index}`)
  })
})

test('a burst goes at its own rate for its seconds, and then at the rate', async () => {
  const clock = new FakeClock()
  const limit = { rate: 100 * kib, burst: 500 * kib, burstSeconds: 3 }
  const guest = busyGuest(new ThrottleGroup('g', limitsOf({ 'bps-total': limit }), clock).join(), 'read', kib)
  await clock.run(3000)
  near(guest.done / 3, 500 * kib, 'bytes a second in the burst')
  await clock.run(5000) // the rest of what the burst allows
  const before = guest.done
  await clock.run(seconds * 1000)
  near((guest.done - before) / seconds, 100 * kib, 'bytes a second after it')
})

test('new limits count at once, and whoever leaves waits no longer', async () => {
  const clock = new FakeClock()
  const group = new ThrottleGroup('g', limitsOf({ 'iops-total': { rate: 1 } }), clock)
  const member = group.join()
  const guest = busyGuest(member, 'read', 1)
  await clock.run(1000)
  assert.ok(guest.done <= 2)
  group.configure(limitsOf({ 'iops-total': { rate: 1000 } }))
  await clock.run(1000)
  const before = guest.done
  await clock.run(1000)
  near(guest.done - before, 1000, 'operations')
  const slow = new ThrottleGroup('s', limitsOf({ 'bps-total': { rate: 1 } }), clock)
  const leaver = slow.join()
  assert.equal(leaver.enter('read', kib), undefined)
  const waiting = leaver.enter('read', kib)
  leaver.leave()
  await waiting
  assert.equal(slow.empty, true)
})

test('limits that contradict each other are refused in the words of QEMU', () => {
  assert.throws(() => checkThrottleLimits(limitsOf({ 'bps-total': { rate: 1 }, 'bps-read': { rate: 1 } })), {
    message: 'bps/iops/max total values and read/write values cannot be used at the same time',
  })
  assert.throws(() => checkThrottleLimits(limitsOf({ 'iops-read': { rate: 1e15 + 2 } })), {
    message: 'bps/iops/max values must be within [0, 1000000000000000]',
  })
})
