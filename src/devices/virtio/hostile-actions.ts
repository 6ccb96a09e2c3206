import fc from 'fast-check'
import type { VirtioBench } from './virtio-bench.ts'

const descriptor = fc.record({
  address: fc.oneof(fc.nat(0x100010), fc.constantFrom(0x10000, 0x14000, 0x80000, 0xffff8, 2 ** 32 - 16, 2 ** 40)),
  length: fc.oneof(fc.nat(64), fc.constantFrom(16, 4096, 0x80000, 0xffffffff)),
  flags: fc.nat(7),
  next: fc.oneof(fc.nat(17), fc.nat(0xffff)),
})

/** What a driver may do that means no good: to registers, configuration, rings and their buffers, in any order. */
export function hostileActions({
  queues,
}: {
  readonly queues: number
}): fc.Arbitrary<((bench: VirtioBench) => void)[]> {
  const queue = fc.nat(queues - 1)
  const action = fc.oneof(
    fc.tuple(fc.nat(17), fc.boolean(), fc.nat(0xffffffff)).map(
      ([word, wide, value]) =>
        (bench: VirtioBench) =>
          bench.setCommon(word * 4, wide ? 4 : 1, value),
    ),
    fc.tuple(fc.nat(140), fc.nat(255)).map(
      ([offset, value]) =>
        (bench: VirtioBench) =>
          bench.setConfig(offset, value),
    ),
    fc.nat(queues).map((which) => (bench: VirtioBench) => bench.notify(which)),
    fc.tuple(queue, fc.nat(0x3000), fc.nat(0xffff)).map(
      ([which, offset, value]) =>
        (bench: VirtioBench) =>
          bench.bus.ram.write(bench.ringAddress(which) + offset, Uint8Array.of(value & 0xff, value >> 8)),
    ),
    fc.tuple(queue, fc.nat(17), descriptor).map(([which, index, values]) => (bench: VirtioBench) => {
      bench.writeDescriptor(which, index, values)
      bench.makeAvailable(which, index)
    }),
    fc.tuple(queue, fc.nat(0xffff)).map(
      ([which, index]) =>
        (bench: VirtioBench) =>
          bench.setAvailableIndex(which, index),
    ),
    fc.tuple(fc.nat(63), fc.constantFrom<1 | 2 | 4>(1, 2, 4), fc.nat(0xffffffff)).map(
      ([register, width, value]) =>
        (bench: VirtioBench) =>
          bench.bus.configure(0, 4 * register, width, value),
    ),
    fc.constant((bench: VirtioBench) => bench.place()),
    fc.tuple(queue, fc.uint8Array({ maxLength: 20 }), fc.nat(600), fc.boolean()).map(
      ([which, bytes, room, both]) =>
        (bench: VirtioBench) =>
          void (both ? bench.offer(which, bytes, room) : bench.offer(which, room)),
    ),
    fc.constant((bench: VirtioBench) => {
      bench.status = 0
      bench.restart()
    }),
  )
  return fc.array(action, { maxLength: 60 })
}
