import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AutoConverge } from './auto-converge.ts'
import { defaultParameters, type MigrationParameters } from './parameters.ts'

function converging(changes: Partial<MigrationParameters> = {}) {
  let now = 0
  const judge = new AutoConverge(
    () => ({ ...defaultParameters, ...changes }),
    () => now,
  )
  return {
    judge,
    /** A pass of a second, or so many milliseconds. */
    pass(dirtyBytes: number, sentBytes: number, milliseconds = 1000): number {
      now += milliseconds
      judge.endPass(dirtyBytes, sentBytes)
      return judge.percentage
    },
  }
}

describe('auto-converge', () => {
  it('slows a guest down that is too fast a second time, and then more each second time', () => {
    const { pass } = converging()
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6].map(() => pass(60, 100)),
      [0, 20, 20, 30, 30, 40],
    )
  })

  it('lets a guest be that changes no more than the threshold', () => {
    const { pass } = converging({ throttleTriggerThreshold: 60 })
    for (let turn = 0; turn < 5; turn++) assert.equal(pass(60, 100), 0)
  })

  it('stops at the limit', () => {
    const { pass } = converging({ cpuThrottleInitial: 90, cpuThrottleIncrement: 50, maxCpuThrottle: 95 })
    for (let turn = 0; turn < 4; turn++) pass(100, 100)
    assert.equal(pass(0, 100), 95)
  })

  it('goes only as far as is needed at the tail', () => {
    const { pass } = converging({ cpuThrottleTailslow: true, cpuThrottleIncrement: 50 })
    for (let turn = 0; turn < 2; turn++) pass(100, 100)
    for (let turn = 0; turn < 2; turn++) pass(100, 160) // 80 of 100 could be borne: 16 of 80 percent less
    assert.equal(pass(0, 100), 36)
  })

  it('goes at least a percent further at the tail, however little is needed', () => {
    const { pass } = converging({ cpuThrottleTailslow: true, cpuThrottleInitial: 50 })
    const percentages = Array.from({ length: 6 }, () => pass(1000, 1999)) // 999.5 of 1000 could be borne
    assert.deepEqual(percentages, [0, 50, 50, 51, 51, 52])
  })

  it('takes passes together that are shorter than a second', () => {
    const { pass } = converging()
    for (let turn = 0; turn < 19; turn++) assert.equal(pass(100, 100, 100), 0)
    assert.equal(pass(100, 100, 100), 20)
  })
})
