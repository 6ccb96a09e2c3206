import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PortSize } from '../../board/index.ts'
import { DeviceBench } from '../device-bench.ts'
import { guest } from './guest.ts'
import { host } from './host.ts'

test('the status is twice what the guest writes, and one: at any of its ports, in any width', () => {
  const size = fc.constantFrom<PortSize>(1, 2, 4)
  fc.assert(
    fc.property(fc.nat(0xffff), fc.integer({ min: 1, max: 16 }), fc.nat(20), size, fc.nat(0xffffffff), (...drawn) => {
      const [iobase, iosize, offset, width, value] = drawn
      const bench = new DeviceBench(guest, { iobase, iosize })
      const written = value % 2 ** (8 * width)
      bench.bus.writePort(iobase + offset, width, written)
      const statuses: number[] = []
      const services = { exit: (status: number) => void statuses.push(status) } as never
      for (const message of bench.said) host({ properties: {}, services }).receive(message)
      assert.deepEqual(statuses, offset < iosize ? [((written * 2) & 0xff) | 1] : [])
      assert.equal(bench.stops, statuses.length)
    }),
  )
})
