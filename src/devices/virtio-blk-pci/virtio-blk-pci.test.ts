import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { VirtioBench } from '../virtio/virtio-bench.ts'
import { guest } from './guest.ts'
import { host } from './host.ts'
import { virtioBlkPci } from './model.ts'
import type { DiskRequest, DiskShape, FromGuest } from './wire.ts'

const shape: DiskShape = { byteLength: 1 << 20, readOnly: false, writeback: true }
const read = 0
const write = 1
const flush = 4
const identify = 8
const discard = 11
const zero = 13
const needsReset = 0x40

function header(type: number, sector = 0): Uint8Array {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(0, type, true)
  new DataView(bytes.buffer).setBigUint64(8, BigInt(sector), true)
  return bytes
}

function range(sector: number, sectors: number, flags = 0): Uint8Array {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(sector), true)
  new DataView(bytes.buffer).setUint32(8, sectors, true)
  new DataView(bytes.buffer).setUint32(12, flags, true)
  return bytes
}

const bench = (properties = {}, changes: Partial<DiskShape> = {}) =>
  new VirtioBench(guest, virtioBlkPci, { properties, beginning: { ...shape, ...changes } })

/** What it has asked for since this was last asked. */
function asked({ said }: VirtioBench): DiskRequest[] {
  return (said.splice(0) as FromGuest[]).flatMap((message) => (message.type === 'requests' ? message.requests : []))
}

function answer(one: VirtioBench, id: number, data?: Uint8Array, failed = false): void {
  one.device.receive?.({ type: 'done', answers: [{ id, failed, ...(data !== undefined && { data }) }] })
}

test('reads: the request goes to the disk, its data and outcome to the driver, who is interrupted', () => {
  const one = bench()
  const [, data, outcome] = one.offer(0, header(read, 3), 1024, 1)
  one.notify(0)
  const [request] = asked(one)
  assert.deepEqual(request, { id: 1, operation: 'read', offset: 3 * 512, length: 1024 })
  assert.equal(one.device.busy?.(), true)
  one.bus.ram.write(outcome!, Uint8Array.of(9))
  answer(one, 1, new Uint8Array(1024).fill(7))
  assert.deepEqual([one.memory(data!, 1024).every((byte) => byte === 7), one.memory(outcome!, 1)[0]], [true, 0])
  assert.deepEqual(one.used(0), [1025])
  assert.equal(one.bus.assertedFunctions.size, 1)
  assert.equal(one.takeInterrupts(), 1)
  assert.equal(one.bus.assertedFunctions.size, 0)
  assert.equal(one.device.busy?.(), false)
})

test('writes, flushes, discards and zeros', () => {
  const one = bench()
  one.offer(0, header(write, 1), new Uint8Array(512).fill(5), 1)
  one.offer(0, header(flush), 1)
  one.offer(0, header(discard), range(8, 16), 1)
  one.offer(0, header(zero), range(24, 8, 1), 1)
  one.notify(0)
  assert.deepEqual(
    asked(one).map(({ id: _, ...request }) => request),
    [
      { operation: 'write', offset: 512, data: new Uint8Array(512).fill(5) },
      { operation: 'flush' },
      { operation: 'discard', offset: 4096, length: 8192 },
      { operation: 'zero', offset: 24 * 512, length: 4096, unmap: true },
    ],
  )
})

test('says its serial number itself, and what it does not know', () => {
  const one = bench({ serial: 'A-1' })
  const [, text] = one.offer(0, header(identify), 20, 1)
  const [, outcome] = one.offer(0, header(99), 1)
  one.notify(0)
  assert.equal(Buffer.from(one.memory(text!, 4)).toString(), 'A-1\0')
  assert.equal(one.memory(outcome!, 1)[0], 2)
  assert.deepEqual(one.used(0), [5, 1])
})

describe('a request that cannot be', () => {
  const cases = [
    ['ends behind the disk', header(read, 2047), 1024, { type: 'invalid', operation: 'read' }],
    ['is no whole sector', header(read), 100, { type: 'invalid', operation: 'read' }],
    ['begins far behind the disk', header(read, 2 ** 50), 512, { type: 'invalid', operation: 'read' }],
  ] as const
  for (const [title, request, length, said] of cases)
    it(title, () => {
      const one = bench()
      const [, , outcome] = one.offer(0, request, length, 1)
      one.notify(0)
      assert.deepEqual(one.said, [said])
      assert.equal(one.memory(outcome!, 1)[0], 1)
    })

  it('writes to a disk that cannot be written', () => {
    const one = bench({}, { readOnly: true })
    const [, , outcome] = one.offer(0, header(write), new Uint8Array(512), 1)
    one.notify(0)
    assert.deepEqual([one.said, one.memory(outcome!, 1)[0]], [[], 1])
  })

  it('has no room for its outcome: the device is broken until it is reset', () => {
    const one = bench()
    one.offer(0, header(read))
    one.notify(0)
    assert.equal(one.status & needsReset, needsReset)
    assert.equal(one.takeInterrupts() & 2, 2)
    one.status = 0
    assert.equal(one.status, 0)
  })
})

test('a large request goes in pieces', () => {
  const one = bench({}, { byteLength: 16 << 20 })
  // The same memory over and over again: a guest can ask for more than it has.
  const parts = 10
  for (let index = 1; index <= parts; index++)
    one.writeDescriptor(0, index, { address: 0x80000, length: 0x40000, flags: 3, next: index + 1 })
  one.writeDescriptor(0, parts + 1, { address: 0xe0000, length: 1, flags: 2, next: 0 })
  one.bus.ram.write(0xe1000, header(read))
  one.writeDescriptor(0, 0, { address: 0xe1000, length: 16, flags: 1, next: 1 })
  one.makeAvailable(0, 0)
  one.notify(0)
  const lengths: number[] = []
  for (let [request] = asked(one); request !== undefined; [request] = asked(one)) {
    assert.ok(request.operation === 'read')
    lengths.push(request.length)
    answer(one, request.id, new Uint8Array(request.length))
  }
  assert.deepEqual(lengths, [1 << 20, 1 << 20, 1 << 19])
  assert.deepEqual(one.used(0), [parts * 0x40000 + 1])
})

test('what fails is told', () => {
  const one = bench()
  const [, , outcome] = one.offer(0, header(read), 512, 1)
  one.notify(0)
  answer(one, asked(one)[0]!.id, undefined, true)
  assert.equal(one.memory(outcome!, 1)[0], 1)
})

test('after a reset nothing old is written, and nothing new goes before the old has ended', () => {
  const one = bench()
  const [, data] = one.offer(0, header(read), 512, 1)
  one.notify(0)
  const [request] = asked(one)
  one.status = 0
  answer(one, request!.id, new Uint8Array(512).fill(1))
  assert.equal(one.memory(data!, 1)[0], 0)
  assert.equal(one.device.busy?.(), false)
})

test('another size is told to the driver', () => {
  const one = bench()
  assert.equal(one.config(0, 4), 2048)
  const before = one.common(0x15, 1)
  one.device.receive?.({ type: 'resized', byteLength: 4 << 20 })
  assert.equal(one.config(0, 4), 8192)
  assert.notEqual(one.common(0x15, 1), before)
  assert.equal(one.takeInterrupts(), 3)
})

test('the driver says whether writes are complete before they are on stable storage', () => {
  const one = bench()
  one.said.length = 0
  one.setConfig(32, 0)
  assert.deepEqual(one.said, [{ type: 'writeback', writeback: false }])
  assert.equal(one.config(32), 0)
  const without = new VirtioBench(guest, virtioBlkPci, { beginning: shape, wanted: 1n << 32n })
  assert.deepEqual(without.said, [{ type: 'writeback', writeback: false }])
})

test('its state continues in another one', () => {
  const one = bench()
  one.offer(0, header(flush), 1)
  one.notify(0)
  answer(one, asked(one)[0]!.id)
  const state = JSON.parse(JSON.stringify(one.device.save?.()))
  const other = bench()
  other.device.reset?.()
  other.bus.ram.write(0, one.bus.ram.read(0, one.bus.ram.byteLength))
  other.device.restore?.(state)
  assert.equal(other.status, 0x0f)
  one.offer(0, header(read), 512, 1)
  other.bus.ram.write(0, one.bus.ram.read(0, one.bus.ram.byteLength))
  other.notify(0)
  assert.equal(asked(other).length, 1)
})

test('the host’s side asks the drive, and answers what ends together at once', async () => {
  const sent: unknown[] = []
  const calls: unknown[] = []
  let hear = (_byteLength: number): void => undefined
  const drive = {
    ...shape,
    setWriteback: (writeback: boolean) => calls.push(['writeback', writeback]),
    read: async (offset: number, length: number) => {
      if (offset > 0) throw new Error('a bad sector')
      return new Uint8Array(length)
    },
    write: async (offset: number, bytes: Uint8Array) => void calls.push(['write', offset, bytes.length]),
    flush: async () => void calls.push(['flush']),
    discard: async (...range: number[]) => void calls.push(['discard', ...range]),
    writeZeroes: async (...range: unknown[]) => void calls.push(['zero', ...range]),
    invalid: (operation: string) => calls.push(['invalid', operation]),
    resized: (listener: typeof hear) => {
      hear = listener
    },
  }
  const device = host({ properties: {}, services: { drive: () => drive } as never })
  assert.deepEqual(device.beginning?.(), shape)
  device.connected?.({ send: (message) => void sent.push(message) })
  const requests: DiskRequest[] = [
    { id: 1, operation: 'read', offset: 0, length: 512 },
    { id: 2, operation: 'read', offset: 512, length: 512 },
    { id: 3, operation: 'write', offset: 0, data: new Uint8Array(512) },
    { id: 4, operation: 'flush' },
    { id: 5, operation: 'discard', offset: 0, length: 512 },
    { id: 6, operation: 'zero', offset: 0, length: 512, unmap: true },
  ]
  device.receive({ type: 'requests', requests } satisfies FromGuest)
  device.receive({ type: 'writeback', writeback: false } satisfies FromGuest)
  device.receive({ type: 'invalid', operation: 'read' } satisfies FromGuest)
  await new Promise((resolve) => setImmediate(resolve))
  const answers = (sent as { answers: { id: number; failed: boolean }[] }[]).flatMap((message) => message.answers)
  assert.deepEqual(
    answers.sort((a, b) => a.id - b.id).map(({ failed }) => failed),
    [false, true, false, false, false, false],
  )
  assert.deepEqual(calls, [
    ['write', 0, 512],
    ['flush'],
    ['discard', 0, 512],
    ['zero', 0, 512, { unmap: true }],
    ['writeback', false],
    ['invalid', 'read'],
  ])
  hear(1024)
  assert.deepEqual(sent.at(-1), { type: 'resized', byteLength: 1024 })
})
