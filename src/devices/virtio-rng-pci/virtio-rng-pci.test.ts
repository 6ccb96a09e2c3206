import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtioBench } from '../virtio/virtio-bench.ts'
import { guest } from './guest.ts'
import { host } from './host.ts'
import { virtioRngPci } from './model.ts'

const bench = (properties = {}) => new VirtioBench(guest, virtioRngPci, { properties })

test('fills what is made available with bytes of the host', () => {
  const one = bench()
  const [room] = one.offer(0, 16)
  one.notify(0)
  assert.deepEqual(one.said, [{ count: 4096 }])
  one.device.receive?.({ bytes: new Uint8Array(4096).fill(3) })
  assert.deepEqual(one.memory(room!, 16), new Uint8Array(16).fill(3))
  assert.deepEqual(one.used(0), [16])
  assert.equal(one.takeInterrupts(), 1)
})

test('gives no more in a period than its quota', () => {
  const one = bench({ 'max-bytes': 10, period: 1000 })
  one.offer(0, 16)
  one.notify(0)
  assert.deepEqual(one.said.splice(0), [{ count: 10 }])
  one.device.receive?.({ bytes: new Uint8Array(10) })
  assert.deepEqual(one.used(0), [10])
  one.offer(0, 16)
  one.notify(0)
  assert.deepEqual(one.said, [])
  one.bus.pass(1000)
  assert.deepEqual(one.said, [{ count: 10 }])
})

test('a buffer that cannot be written, and a reset meanwhile, are harmless', () => {
  const one = bench()
  one.offer(0, new Uint8Array(4))
  one.notify(0)
  one.device.receive?.({ bytes: new Uint8Array(4096) })
  assert.deepEqual(one.used(0), [0])
  const [room] = one.offer(0, 16)
  one.notify(0)
  one.status = 0
  one.device.receive?.({ bytes: new Uint8Array(4096).fill(1) })
  assert.equal(one.memory(room!, 1)[0], 0)
})

test('the host’s side gives what its source gives', async () => {
  const given = await new Promise<{ bytes: Uint8Array }>((resolve) => {
    const device = host({
      properties: {},
      services: { random: async (count: number) => new Uint8Array(count).fill(7) } as never,
    })
    device.connected?.({ send: (message) => resolve(message as { bytes: Uint8Array }) })
    device.receive({ count: 64 })
  })
  assert.equal(given.bytes.length, 64)
  assert.ok(given.bytes.every((byte) => byte === 7))
})
