import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MigrationError } from '../migration-error.ts'
import { applyDifference, packDifference } from './page-difference.ts'

const pageBytes = 4096

describe('the difference between two pages', () => {
  it('makes one of the other, whatever has changed', () => {
    const changes = fc.array(fc.tuple(fc.nat(pageBytes - 1), fc.uint8Array({ minLength: 1, maxLength: 200 })))
    fc.assert(
      fc.property(fc.nat(255), changes, (fill, writes) => {
        const before = new Uint8Array(pageBytes).fill(fill)
        const after = before.slice()
        for (const [at, bytes] of writes) after.set(bytes.subarray(0, pageBytes - at), at)
        const packed = packDifference(before, after, 2 * pageBytes)
        assert.ok(packed !== undefined)
        const page = before.slice()
        applyDifference(page, packed)
        assert.deepEqual(page, after)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('is small where little has changed, and nothing where it would be too large', () => {
    const before = new Uint8Array(pageBytes)
    const after = before.slice()
    assert.equal(packDifference(before, after, pageBytes)?.length, 0)
    after[1000] = 1
    assert.equal(packDifference(before, after, pageBytes)?.length, 4)
    assert.equal(packDifference(before, new Uint8Array(pageBytes).fill(1), pageBytes), undefined)
    for (let at = 0; at < pageBytes; at += 2) after[at] = 1
    assert.equal(packDifference(before, after, pageBytes), undefined)
  })

  it('is refused where it fits no page', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (packed) => {
        const page = new Uint8Array(pageBytes)
        try {
          applyDifference(page, packed)
        } catch (error) {
          assert.ok(error instanceof MigrationError)
        }
        assert.equal(page.length, pageBytes)
      }),
      { seed: 1, numRuns: 1000 },
    )
    assert.throws(() => applyDifference(new Uint8Array(pageBytes), Uint8Array.of(0xff, 0x3f, 1, 1)), MigrationError)
  })
})
