/** Drivers that mean no good, at every virtio device that there is. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hostileActions } from './hostile-actions.ts'
import { type JoinedDevice, joinedDevice, joinedModels } from './joined-devices.ts'
import type { VirtioBench } from './virtio-bench.ts'

const version1 = 1n << 32n
const needsReset = 0x40
const ready = 0x0f
const flag = { next: 1, write: 2, table: 4 } as const
const somewhere = 0xf8000
const ramBytes = 1 << 20

/** What is wrong with a ring, and how a driver makes it so. */
const attacks: Readonly<Record<string, (bench: VirtioBench, queue: number) => void>> = {
  'descriptors that loop': (bench, queue) => {
    bench.writeDescriptor(queue, 0, { address: somewhere, length: 8, flags: flag.next | flag.write, next: 1 })
    bench.writeDescriptor(queue, 1, { address: somewhere, length: 8, flags: flag.next | flag.write, next: 0 })
    bench.makeAvailable(queue, 0)
  },
  'a buffer at the end of memory': (bench, queue) => {
    bench.writeDescriptor(queue, 0, { address: ramBytes - 8, length: 16, flags: flag.write, next: 0 })
    bench.makeAvailable(queue, 0)
  },
  'a buffer far behind it': (bench, queue) => {
    bench.writeDescriptor(queue, 0, { address: 2 ** 52, length: 16, flags: 0, next: 0 })
    bench.makeAvailable(queue, 0)
  },
  'a buffer that goes round to the begin of memory': (bench, queue) => {
    bench.writeDescriptor(queue, 0, { address: 0xfffffff0, length: 0xffffffff, flags: flag.write, next: 0 })
    bench.makeAvailable(queue, 0)
  },
  'a buffer without a byte': (bench, queue) => {
    bench.writeDescriptor(queue, 0, { address: somewhere, length: 0, flags: flag.write, next: 0 })
    bench.makeAvailable(queue, 0)
  },
  'a table that is longer than any queue': (bench, queue) => {
    const count = 1025
    const table = new DataView(new ArrayBuffer(16 * count))
    for (let index = 0; index < count; index++) {
      table.setUint32(16 * index, somewhere - 32 * index, true)
      table.setUint32(16 * index + 8, 8, true)
      table.setUint16(16 * index + 12, flag.write | flag.next, true)
      table.setUint16(16 * index + 14, index + 1, true)
    }
    bench.bus.ram.write(0x80000, new Uint8Array(table.buffer))
    bench.writeDescriptor(queue, 0, { address: 0x80000, length: 16 * count, flags: flag.table, next: 0 })
    bench.makeAvailable(queue, 0)
  },
  'a table in a table': (bench, queue) => {
    bench.writeDescriptor(queue, 0, { address: bench.ringAddress(queue), length: 16, flags: flag.table, next: 0 })
    bench.makeAvailable(queue, 0)
  },
  'a table that goes on behind itself': (bench, queue) => {
    bench.writeDescriptor(queue, 0, { address: somewhere, length: 24, flags: flag.table, next: 0 })
    bench.makeAvailable(queue, 0)
  },
  'a descriptor that is followed by none': (bench, queue) => {
    bench.writeDescriptor(queue, 0, { address: somewhere, length: 8, flags: flag.next, next: bench.size })
    bench.makeAvailable(queue, 0)
  },
  'a buffer that begins with no descriptor': (bench, queue) => bench.makeAvailable(queue, 0xffff),
  'more buffers than the queue has room for': (bench, queue) =>
    bench.setAvailableIndex(queue, bench.availableIndex(queue) + bench.size + 1),
  'an index that has gone back': (bench, queue) => bench.setAvailableIndex(queue, bench.availableIndex(queue) - 1),
}

async function meet(name: string, wanted: bigint | undefined, act: (one: JoinedDevice) => Promise<void>) {
  await using one = await joinedDevice(name, wanted)
  await act(one)
}

for (const name of joinedModels)
  describe(name, () => {
    it('works for a driver that means well', () =>
      meet(name, undefined, async (one) => assert.ok((await one.works()) && (await one.works()))))

    for (const [attack, make] of Object.entries(attacks))
      it(`is broken, says so and stays so until it is reset: ${attack}`, () =>
        meet(name, undefined, async ({ bench, queues, look, works }) => {
          for (const queue of queues) {
            bench.takeInterrupts()
            make(bench, queue)
            look(queue)
            await bench.settle()
            assert.equal(bench.status, ready | needsReset, `queue ${queue}`)
            assert.equal(bench.takeInterrupts() & 2, 2, 'its configuration has changed')
            assert.equal(await works(), false, 'nothing comes back')
            assert.deepEqual(bench.used(queue), [])
            bench.status = ready
            assert.equal(bench.status, ready | needsReset, 'its driver cannot take that back')
            bench.status = 0
            assert.equal(bench.status, 0)
            await bench.settle()
            bench.restart()
            assert.equal(bench.status, ready)
            assert.ok(await works(), `after queue ${queue}`)
          }
        }))

    it('is broken when its queue lies outside of memory', () =>
      meet(name, undefined, async ({ bench, works }) => {
        bench.status = 0
        bench.restart(ramBytes - 4096)
        assert.equal(bench.status & needsReset, needsReset)
        assert.equal(await works(), false)
        bench.status = 0
        await bench.settle()
        bench.restart()
        assert.ok(await works())
      }))

    it('says nothing to a driver that does not know how it says it, and is broken nevertheless', () =>
      meet(name, ~version1, async ({ bench, queues, look, works }) => {
        const [queue] = queues
        bench.makeAvailable(queue!, 0xffff)
        look(queue!)
        await bench.settle()
        assert.equal(bench.status, ready)
        assert.equal(bench.takeInterrupts() & 2, 0)
        assert.equal(await works(), false)
      }))

    it('is broken at most, whatever a driver does, and works when it is reset', () =>
      fc.assert(
        fc.asyncProperty(
          fc.nat(12).chain((queues) => hostileActions({ queues: queues + 1 })),
          fc.constantFrom(undefined, ~version1),
          async (actions, wanted) =>
            meet(name, wanted, async ({ bench, queues, look, works }) => {
              for (const [index, act] of actions.entries()) {
                act(bench)
                look(queues[index % queues.length]!)
                bench.pass()
                if (index % 8 === 0) await bench.settle()
                bench.takeInterrupts()
              }
              bench.place()
              bench.status = 0
              assert.equal(bench.status, 0)
              await bench.settle()
              bench.restart()
              assert.ok(await works())
            }),
        ),
        { seed: 17, numRuns: 50 },
      ))
  })
