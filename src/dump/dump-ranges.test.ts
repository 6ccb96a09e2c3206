import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asMapped, asPhysical, clipped } from './dump-ranges.ts'

const ranges = [
  { address: 0, bytes: 0x8000 },
  { address: 0x10000, bytes: 0x8000 },
]

async function* pages(...mapped: readonly (readonly [address: number, frame: number])[]) {
  for (const [address, frame] of mapped)
    yield { address, bytes: 4096, entry: BigInt(frame) | 0x67n, access: 0x67n, large: false }
}

describe('ranges of a dump', () => {
  it('are those parts of memory that lie in what is wanted', () => {
    assert.deepEqual(clipped(ranges, undefined), ranges)
    assert.deepEqual(clipped(ranges, { address: 0x7fff, bytes: 0x9001 }), [
      { address: 0x7fff, bytes: 1 },
      { address: 0x10000, bytes: 0x1000 },
    ])
    assert.deepEqual(clipped(ranges, { address: 0x9000, bytes: 0x1000 }), [])
  })

  it('follow each other in the file', () => {
    assert.deepEqual(
      asPhysical(ranges).map(({ offset }) => offset),
      [0, 0x8000],
    )
  })

  it('are where the page tables have them, neighbours together, without what is no memory', async () => {
    const mapped = await asMapped(
      ranges,
      pages(
        [0xc0000000, 0x1000],
        [0xc0001000, 0x2000],
        [0xc0002000, 0x9000],
        [0xc0003000, 0x10000],
        [0xc0004000, 0x3000],
      ),
    )
    assert.deepEqual(mapped, [
      { virtualAddress: 0xc0000000, physicalAddress: 0x1000, bytes: 0x2000, offset: 0x1000 },
      { virtualAddress: 0xc0003000, physicalAddress: 0x10000, bytes: 0x1000, offset: 0x8000 },
      { virtualAddress: 0xc0004000, physicalAddress: 0x3000, bytes: 0x1000, offset: 0x3000 },
      ...asPhysical(ranges),
    ])
  })
})
