import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DirtyRate } from './dirty-rate.ts'

const mebibyte = 1 << 20

/** A board all of whose pages up to an address have changed whenever it is asked again. */
function board(ramBytes: number, changingUpTo: number) {
  const asked: number[] = []
  return {
    ramBytes,
    asked,
    pageChecksums: async (addresses: Uint32Array) => {
      asked.push(addresses.length)
      return addresses.map((address) => (address < changingUpTo ? asked.length : 7))
    },
  }
}

const never = new AbortController().signal

describe('the dirty rate', () => {
  it('is what pages tell that are drawn by lot', async () => {
    const measured = board(512 * mebibyte, 256 * mebibyte)
    const draws = [0, 0.25, 0.75, 0.9]
    const dirtyRate = new DirtyRate(measured, never, () => draws[measured.asked.length === 0 ? drawn++ % 4 : 0]!)
    let drawn = 0
    const { done } = dirtyRate.measure({ seconds: 1, samplePages: 200 })
    assert.equal(dirtyRate.info.status, 'measuring')
    await done
    const { status, rate = 0, samplePages } = dirtyRate.info
    assert.deepEqual([status, samplePages, measured.asked], ['measured', 200, [100, 100]])
    assert.ok(rate <= 256 && rate > 0, `${rate}`)
  })

  it('is what all pages tell', async () => {
    const measured = board(16 * mebibyte, 4 * mebibyte)
    const dirtyRate = new DirtyRate(measured, never)
    await dirtyRate.measure({ seconds: 1, mode: 'dirty-bitmap' }).done
    const { rate = 0, samplePages } = dirtyRate.info
    assert.equal(samplePages, 0)
    assert.ok(rate <= 4, `${rate}`)
    assert.equal(
      measured.asked.reduce((sum, count) => sum + count),
      2 * 4096,
    )
  })

  it('is 0 of memory that is too small for drawing pages', async () => {
    const dirtyRate = new DirtyRate(board(64 * mebibyte, 64 * mebibyte), never)
    await dirtyRate.measure({ seconds: 1 }).done
    assert.equal(dirtyRate.info.rate, 0)
  })

  it('is not known if the machine ends meanwhile', async () => {
    const end = new AbortController()
    const dirtyRate = new DirtyRate(board(128 * mebibyte, 0), end.signal)
    const { done } = dirtyRate.measure({ seconds: 60 })
    end.abort(new Error('the end'))
    await done
    assert.equal(dirtyRate.info.status, 'unstarted')
  })
})
