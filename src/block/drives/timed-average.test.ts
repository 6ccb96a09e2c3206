import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TimedAverage } from './timed-average.ts'

describe('TimedAverage', () => {
  it('has zeroes where nothing was counted', () => {
    assert.deepEqual(new TimedAverage(10, 0).at(3), { least: 0, greatest: 0, average: 0 })
  })

  it('tells of all within the period', () => {
    const average = new TimedAverage(10, 0)
    for (const [value, now] of [
      [4, 0],
      [1, 1],
      [9, 2],
    ] as const)
      average.count(value, now)
    assert.deepEqual(average.at(4), { least: 1, greatest: 9, average: 4 })
    assert.deepEqual(average.sumAt(4), { sum: 14, elapsed: 9 })
  })

  it('forgets what is older than a period, and nothing that is younger than half of one', () => {
    const average = new TimedAverage(10, 0)
    average.count(100, 4)
    average.count(2, 6)
    assert.deepEqual(average.at(9), { least: 2, greatest: 100, average: 51 }) // the window from 0 to 10
    assert.deepEqual(average.at(11), { least: 2, greatest: 2, average: 2 }) // that from 5 to 15
    assert.deepEqual(average.at(16), { least: 0, greatest: 0, average: 0 })
  })

  it('goes on as before after a long time without anything', () => {
    const average = new TimedAverage(10, 0)
    average.count(7, 1)
    assert.deepEqual(average.at(1003), { least: 0, greatest: 0, average: 0 })
    average.count(3, 1003)
    assert.deepEqual(average.sumAt(1003), { sum: 3, elapsed: 8 })
  })
})
