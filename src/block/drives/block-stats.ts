import { skipImplicit } from '../graph/allocation.ts'
import type { BlockNode } from '../graph/node.ts'
import type { NodeGraph } from '../graph/node-graph.ts'
import type { Drive } from './drive.ts'
import type { LatencyHistogram } from './latency-histogram.ts'
import { DriveStatistics } from './statistics.ts'

/** Counters (QAPI's BlockDeviceStats), by their wire names. */
export type BlockDeviceStats = ReturnType<typeof countersOf>

/** A drive or a node with its counters, and those below it (QAPI's BlockStats). */
export interface BlockStats {
  readonly device?: string
  readonly qdev?: string
  readonly 'node-name'?: string
  readonly stats: BlockDeviceStats
  readonly 'driver-specific'?: FileStats
  readonly parent?: BlockStats
  readonly backing?: BlockStats
}

interface FileStats {
  readonly driver: 'file' | 'host_device'
  readonly 'discard-nb-ok': number
  readonly 'discard-nb-failed': number
  readonly 'discard-bytes-ok': number
}

/** The counters of drives, with the nodes below each. */
export function driveStats(drives: Iterable<Drive>): BlockStats[] {
  return [...drives].map((drive) => {
    const { device, id, statistics } = drive
    const node = drive.node && skipImplicit(drive.node)
    return {
      device: id,
      ...(device !== undefined && { qdev: device.path }),
      ...(node === undefined
        ? { stats: countersOf(statistics, 0) }
        : { ...nodeStats(node), stats: countersOf(statistics, node.writes.highest) }),
    }
  })
}

/** The counters of all nodes, in the order in which they were made. */
export function allNodeStats(graph: NodeGraph): BlockStats[] {
  return graph.inOrder.map((node) => nodeStats(node, { backing: false }))
}

function nodeStats(node: BlockNode, shown = { backing: true }): BlockStats {
  const file = node.child('file')
  const backing = shown.backing ? node.behind : undefined
  const { name } = node.driver
  return {
    'node-name': node.name,
    stats: countersOf(nothing, node.writes.highest),
    ...((name === 'file' || name === 'host_device') && {
      'driver-specific': { driver: name, 'discard-nb-ok': 0, 'discard-nb-failed': 0, 'discard-bytes-ok': 0 },
    }),
    ...(file !== undefined && { parent: nodeStats(file, shown) }),
    ...(backing !== undefined && { backing: nodeStats(skipImplicit(backing)) }),
  }
}

/** Nodes count nothing but how far they were written: requests are counted where the guest makes them. */
const nothing = new DriveStatistics({ invalid: false, failed: false, intervals: [] })

/** Requests are never merged: those counters stay at 0. */
function countersOf({ accounts, flush, idleTimeNs, read, timed, unmap, write }: DriveStatistics, highest: number) {
  return {
    rd_bytes: read.bytes,
    wr_bytes: write.bytes,
    unmap_bytes: unmap.bytes,
    rd_operations: read.operations,
    wr_operations: write.operations,
    flush_operations: flush.operations,
    unmap_operations: unmap.operations,
    rd_total_time_ns: read.totalTimeNs,
    wr_total_time_ns: write.totalTimeNs,
    flush_total_time_ns: flush.totalTimeNs,
    unmap_total_time_ns: unmap.totalTimeNs,
    wr_highest_offset: highest,
    rd_merged: 0,
    wr_merged: 0,
    unmap_merged: 0,
    ...(idleTimeNs !== undefined && { idle_time_ns: idleTimeNs }),
    failed_rd_operations: read.failed,
    failed_wr_operations: write.failed,
    failed_flush_operations: flush.failed,
    failed_unmap_operations: unmap.failed,
    invalid_rd_operations: read.invalid,
    invalid_wr_operations: write.invalid,
    invalid_flush_operations: flush.invalid,
    invalid_unmap_operations: unmap.invalid,
    account_invalid: accounts.invalid,
    account_failed: accounts.failed,
    timed_stats: timed,
    ...binsOf('rd_latency_histogram', read.histogram),
    ...binsOf('wr_latency_histogram', write.histogram),
    ...binsOf('flush_latency_histogram', flush.histogram),
  }
}

function binsOf(name: string, histogram: LatencyHistogram | undefined) {
  return histogram === undefined ? {} : { [name]: { boundaries: [...histogram.boundaries], bins: [...histogram.bins] } }
}
