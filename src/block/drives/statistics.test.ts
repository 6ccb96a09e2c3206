import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DriveStatistics } from './statistics.ts'

const latencyNs = 1_000_000

describe('DriveStatistics', () => {
  it('counts requests that fail among the others unless it is told not to', () => {
    const all = new DriveStatistics({ invalid: true, failed: true, intervals: [], latencyNs })
    const few = new DriveStatistics({ invalid: true, failed: false, intervals: [], latencyNs })
    for (const statistics of [all, few]) {
      statistics.setHistogram('write', [10])
      statistics.done('write', 512, 0)
      statistics.failed('write', 0)
      assert.equal(statistics.write.failed, 1)
      assert.deepEqual(statistics.write.histogram?.bins, [0, 2])
    }
    assert.equal(all.write.totalTimeNs, 2 * latencyNs)
    assert.equal(few.write.totalTimeNs, latencyNs)
  })

  it('takes a request that cannot be for the last one unless it is told not to', () => {
    const all = new DriveStatistics()
    const few = new DriveStatistics({ invalid: false, failed: true, intervals: [] })
    for (const statistics of [all, few]) statistics.invalid('read')
    assert.notEqual(all.idleTimeNs, undefined)
    assert.equal(few.idleTimeNs, undefined)
    few.account({ invalid: true })
    few.invalid('read')
    assert.notEqual(few.idleTimeNs, undefined)
    assert.equal(few.read.invalid, 2)
  })

  it('keeps statistics of intervals', () => {
    const statistics = new DriveStatistics({ invalid: true, failed: true, intervals: [5, 60], latencyNs })
    statistics.done('read', 512, 0)
    statistics.done('flush', 0, 0)
    const [short, long] = statistics.timed
    assert.equal(short!.interval_length, 5)
    assert.equal(long!.interval_length, 60)
    for (const one of [short!, long!]) {
      assert.equal(one.avg_rd_latency_ns, latencyNs)
      assert.equal(one.max_flush_latency_ns, latencyNs)
      assert.equal(one.min_wr_latency_ns, 0)
      assert.ok(one.avg_rd_queue_depth > 0)
    }
  })
})
