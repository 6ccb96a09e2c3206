import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MigrationError } from '../migration-error.ts'
import { packPages, unpackPages } from './ram-section.ts'

const page = (value: number): Uint8Array => new Uint8Array(4096).fill(value)

describe('pages of RAM in a stream', () => {
  it('come out as they went in, and zeros take no room', () => {
    const pages = {
      addresses: Uint32Array.of(0, 8192, 0x7f800000),
      bytes: Buffer.concat([page(7), page(0), page(255)]),
    }
    const { contents, zeroPages } = packPages(pages)
    assert.equal(zeroPages, 1)
    assert.equal(contents.length, 3 * 8 + 2 * 4096)
    assert.deepEqual(unpackPages(contents, 0x7f801000), { pages, differences: [] })
  })

  it('are refused if they lie outside of RAM, or are no pages', () => {
    const { contents } = packPages({ addresses: Uint32Array.of(4096), bytes: page(1) })
    assert.throws(() => unpackPages(contents, 4096), MigrationError)
    assert.throws(() => unpackPages(contents.subarray(0, -1), 1 << 20), MigrationError)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9000 }), (bytes) => {
        try {
          const { addresses } = unpackPages(bytes, 1 << 20).pages
          for (const address of addresses) assert.ok(address % 4096 === 0 && address < 1 << 20)
        } catch (error) {
          assert.ok(error instanceof MigrationError)
        }
      }),
      { seed: 1, numRuns: 500 },
    )
  })
})
