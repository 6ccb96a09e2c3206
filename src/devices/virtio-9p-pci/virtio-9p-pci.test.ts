import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtioBench } from '../virtio/virtio-bench.ts'
import { guest } from './guest.ts'
import { virtio9pPci } from './model.ts'

const bench = () => new VirtioBench(guest, virtio9pPci, { properties: { mount_tag: 'share' } })
const message = Uint8Array.of(7, 0, 0, 0, 100, 1, 0)

test('a driver finds the tag, and its messages are carried both ways', () => {
  const one = bench()
  assert.deepEqual(
    Array.from({ length: 7 }, (_, at) => one.config(at)),
    [5, 0, ...Buffer.from('share')],
  )
  const [, room] = one.offer(0, message, 16)
  one.notify(0)
  assert.deepEqual(one.said, [{ type: 'asked', id: 0, message }])
  assert.equal(one.device.busy?.(), true)
  one.device.receive?.({ id: 0, answer: Uint8Array.of(8, 0, 0, 0, 101, 1, 0, 9), inUse: true })
  assert.deepEqual(one.used(0), [8])
  assert.equal(one.memory(room!, 8)[7], 9)
  assert.equal(one.device.busy?.(), false)
  assert.throws(() => one.device.save?.(), /the shared folder 'share' is mounted in the guest/)
})

test('who wants no answer, or has no message, has broken the device', () => {
  for (const parts of [[message], [16], [message.subarray(0, 6), 16]] as const) {
    const one = bench()
    one.offer(0, ...parts)
    one.notify(0)
    assert.equal(one.status & 0x40, 0x40)
    assert.deepEqual(one.said, [])
  }
  const one = bench()
  one.offer(0, message, 8)
  one.notify(0)
  one.device.receive?.({ id: 0, answer: new Uint8Array(9), inUse: false })
  assert.equal(one.status & 0x40, 0x40)
})

test('what is answered behind a reset is nobody’s', () => {
  const one = bench()
  one.offer(0, message, 16)
  one.notify(0)
  one.status = 0
  assert.deepEqual(one.said.at(-1), { type: 'reset' })
  one.device.receive?.({ id: 0, answer: new Uint8Array(8), inUse: false })
  assert.equal(one.device.busy?.(), false)
  assert.deepEqual(one.device.save?.() !== undefined, true)
})
