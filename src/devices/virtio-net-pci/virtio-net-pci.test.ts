import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DeviceProperties } from '../../board/index.ts'
import type { RxFilter } from '../../net/index.ts'
import type { FromCard, ToCard } from '../nic/wire.ts'
import { VirtioBench } from '../virtio/virtio-bench.ts'
import { guest } from './guest.ts'
import { virtioNetPci } from './model.ts'

const mac = [0x52, 0x54, 0, 0x12, 0x34, 0x99] as const
const everybody = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff] as const
const [receive, send, control] = [0, 1, 2]
const mergeable = 1n << 15n

/** A card whose driver is the test. @param unwanted - what the driver does not want */
function card(properties: DeviceProperties = {}, { unwanted = 0n, linkUp = true } = {}) {
  const one = new VirtioBench(guest, virtioNetPci, {
    properties: { mac: '52:54:00:12:34:99', ...properties },
    beginning: { linkUp },
    wanted: ~unwanted,
  })
  const tell = (message: ToCard): void => one.device.receive?.(message)
  const said = (): FromCard[] => {
    one.device.settle?.()
    return one.said.splice(0) as FromCard[]
  }
  const frames = () => said().flatMap((message) => (message.kind === 'frames' ? message.frames : []))
  const taken = () => said().reduce((sum, message) => sum + (message.kind === 'taken' ? message.frames : 0), 0)
  const command = (...bytes: number[]): number => {
    const [, status] = one.offer(control, Uint8Array.from(bytes), 1)
    one.notify(control)
    return one.memory(status!, 1)[0]!
  }
  const filter = (): RxFilter | undefined =>
    said()
      .flatMap((message) => (message.kind === 'filter' ? [message.filter] : []))
      .at(-1)
  return { one, tell, said, frames, taken, command, filter }
}

const frameTo = (to: readonly number[], length = 60): Uint8Array => {
  const frame = new Uint8Array(length).fill(7)
  frame.set(to)
  return frame
}

test('tells its address, its link and what it can do; its features are those of QEMU’s on user networking', () => {
  const { one } = card({ host_mtu: 1400 }, { linkUp: false })
  assert.deepEqual(
    [...mac.keys()].map((at) => one.config(at)),
    [...mac],
  )
  assert.deepEqual([one.config(6), one.config(8), one.config(10) | (one.config(11) << 8)], [0, 1, 1400])
  one.setCommon(0, 4, 0)
  assert.equal((one.common(4, 4) & 0x00ffffff) >>> 0, 0x00bf806c)
  assert.equal(one.config(12), 0xff)
})

test('sends what is behind the header of each buffer, and gives it back', () => {
  const { one, frames } = card()
  one.offer(send, new Uint8Array(12), frameTo(everybody, 20))
  one.offer(send, Buffer.concat([new Uint8Array(12), frameTo(everybody, 30)]))
  one.notify(send)
  assert.deepEqual(
    frames().map(({ length }) => length),
    [20, 30],
  )
  assert.deepEqual([one.used(send), one.takeInterrupts()], [[0, 0], 1])
})

test('a buffer without room for a header breaks it until it is reset', () => {
  const { one } = card()
  one.offer(send, new Uint8Array(5))
  one.notify(send)
  assert.equal(one.status & 0x40, 0x40)
})

test('spreads a frame over as many buffers as it needs, and says over how many', () => {
  const { one, tell, taken } = card()
  const frame = frameTo(everybody, 150)
  const rooms = [64, 64].map((room) => one.offer(receive, room)[0]!)
  one.notify(receive)
  tell({ kind: 'frames', frames: [frame] })
  assert.deepEqual([one.used(receive), taken()], [[], 0]) // there is no room for all of it
  rooms.push(one.offer(receive, 64)[0]!)
  one.notify(receive)
  assert.deepEqual([one.used(receive), taken()], [[64, 64, 34], 1])
  const bytes = Buffer.concat(rooms.map((room) => one.memory(room, 64))).subarray(0, 162)
  assert.deepEqual([bytes[10], [...bytes.subarray(12)]], [3, [...frame]])
})

test('without that, a frame goes into one buffer, or is lost', () => {
  const { one, tell, taken } = card({}, { unwanted: mergeable })
  one.offer(receive, 64)
  const [room] = one.offer(receive, 12, 200)
  one.notify(receive)
  tell({ kind: 'frames', frames: [frameTo(everybody, 150), frameTo(everybody, 61)] })
  assert.deepEqual([one.used(receive), taken()], [[0, 73], 2])
  assert.equal(one.memory(room!, 12)[10], 1)
})

test('frames wait while there is no buffer; frames from the guest wait while nobody takes them', () => {
  const { one, tell, taken, frames } = card()
  tell({ kind: 'frames', frames: [frameTo(mac)] })
  assert.equal(taken(), 0)
  one.offer(receive, 100)
  one.notify(receive)
  assert.equal(taken(), 1)
  for (let turn = 0; turn < 20; turn++) {
    one.offer(send, Buffer.concat([new Uint8Array(12), frameTo(everybody, 60_000)]))
    one.notify(send)
    one.used(send)
  }
  const sent = frames().length // a MiB
  assert.equal(sent, 18)
  tell({ kind: 'passed', bytes: sent * 60_000 })
  assert.equal(frames().length, 2)
})

test('takes what its driver asks it to take, and tells of that', () => {
  const { one, tell, command, filter } = card()
  const got = (frame: Uint8Array): boolean => {
    one.offer(receive, 2000)
    one.notify(receive)
    tell({ kind: 'frames', frames: [frame] })
    return one.used(receive).length > 0
  }
  assert.ok(got(frameTo([2, 0, 0, 0, 0, 1]))) // before it is asked for less
  assert.equal(command(0, 0, 0), 0)
  assert.deepEqual([filter()?.promiscuous, got(frameTo(mac)), got(frameTo([2, 0, 0, 0, 0, 1]))], [false, true, false])
  const tables = [1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0x5e, 0, 0, 1]
  assert.equal(command(1, 0, ...tables), 0)
  assert.deepEqual([got(frameTo([2, 0, 0, 0, 0, 1])), got(frameTo([1, 0, 0x5e, 0, 0, 1]))], [true, true])
  assert.deepEqual(got(frameTo([1, 0, 0x5e, 0, 0, 2])), false)
  const told = filter()!
  assert.deepEqual([told.unicastTable, told.multicastTable], [['02:00:00:00:00:01'], ['01:00:5e:00:00:01']])
  assert.deepEqual([command(1, 0, 1, 0, 0, 0, 2), command(1, 1, 1, 2, 3)], [1, 1]) // cut off
  assert.equal(command(1, 1, 2, 2, 2, 2, 2, 2), 0)
  assert.deepEqual(
    [filter()?.mac, got(frameTo([2, 2, 2, 2, 2, 2])), got(frameTo(mac))],
    ['02:02:02:02:02:02', true, false],
  )
  assert.deepEqual([got(frameTo(everybody)), command(0, 5, 1), got(frameTo(everybody))], [true, 0, false])
  const tagged = frameTo([2, 2, 2, 2, 2, 2])
  tagged.set([0x81, 0, 0, 5], 12)
  assert.deepEqual(
    [got(tagged), command(2, 0, 5, 0), got(tagged), command(2, 1, 5, 0), got(tagged)],
    [false, 0, true, 0, false],
  )
  assert.deepEqual([command(2, 0, 0, 0x10), command(5, 0, 0, 0, 0, 0, 0, 0, 0, 0), command(9, 9)], [1, 1, 1])
})

test('asks its guest to tell where it is, and hears that it has', () => {
  const { one, tell, command } = card()
  assert.equal(command(3, 0), 1)
  tell({ kind: 'announce' })
  assert.equal(one.config(6), 3)
  assert.deepEqual([command(3, 0), one.config(6)], [0, 1])
})

test('what it knows is saved and restored', () => {
  const first = card()
  first.command(0, 0, 0)
  first.command(1, 1, 2, 2, 2, 2, 2, 2)
  const second = card()
  second.one.bus.ram.write(0, first.one.memory(0, 0x100000))
  second.one.device.restore?.(first.one.device.save?.())
  assert.deepEqual([second.filter()?.promiscuous, second.filter()], [false, undefined])
  assert.equal(second.one.config(0), 2)
  second.one.setCommon(0x14, 1, 0)
  assert.equal(second.one.config(0), 0x52)
})

test('whatever a guest asks for, it lives, and says yes or no', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 2, maxLength: 40 }), { maxLength: 20 }), (commands) => {
      const { command, tell } = card()
      for (const bytes of commands) assert.ok([0, 1].includes(command(...bytes)))
      tell({ kind: 'frames', frames: [frameTo(mac)] })
    }),
  )
})
