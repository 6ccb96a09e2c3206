import { blockdevDrivers } from '../block/index.ts'
import {
  bool,
  type Infer,
  int,
  list,
  type Member,
  number,
  type ObjectType,
  oneOf,
  opt,
  req,
  type StructOf,
  str,
  struct,
  union,
} from '../qapi/index.ts'

const BlockLatencyHistogramInfo = struct('BlockLatencyHistogramInfo', {
  boundaries: req(list(int), 'boundaries in nanoseconds'),
  bins: req(list(int), 'operations below the first boundary, between each two, above the last'),
})

const BlockDeviceTimedStats = struct('BlockDeviceTimedStats', {
  interval_length: req(int, 'seconds that are looked back at'),
  min_rd_latency_ns: req(int, 'shortest read'),
  max_rd_latency_ns: req(int, 'longest read'),
  avg_rd_latency_ns: req(int, 'average read'),
  min_wr_latency_ns: req(int, 'shortest write'),
  max_wr_latency_ns: req(int, 'longest write'),
  avg_wr_latency_ns: req(int, 'average write'),
  min_flush_latency_ns: req(int, 'shortest flush'),
  max_flush_latency_ns: req(int, 'longest flush'),
  avg_flush_latency_ns: req(int, 'average flush'),
  avg_rd_queue_depth: req(number, 'reads under way at the same time, on average'),
  avg_wr_queue_depth: req(number, 'writes under way at the same time, on average'),
})

const BlockDeviceStats = struct('BlockDeviceStats', {
  rd_bytes: req(int, 'bytes read'),
  wr_bytes: req(int, 'bytes written'),
  unmap_bytes: req(int, 'bytes discarded'),
  rd_operations: req(int, 'reads'),
  wr_operations: req(int, 'writes'),
  flush_operations: req(int, 'flushes'),
  unmap_operations: req(int, 'discards'),
  rd_total_time_ns: req(int, 'time of all reads, in nanoseconds'),
  wr_total_time_ns: req(int, 'time of all writes'),
  flush_total_time_ns: req(int, 'time of all flushes'),
  unmap_total_time_ns: req(int, 'time of all discards'),
  wr_highest_offset: req(int, 'where the write that reached farthest ended, since the image was opened'),
  rd_merged: req(int, 'reads that were joined with another'),
  wr_merged: req(int, 'writes that were joined with another'),
  unmap_merged: req(int, 'discards that were joined with another'),
  idle_time_ns: opt(int, 'time since the last operation; absent if there was none'),
  failed_rd_operations: req(int, 'reads that failed'),
  failed_wr_operations: req(int, 'writes that failed'),
  failed_flush_operations: req(int, 'flushes that failed'),
  failed_unmap_operations: req(int, 'discards that failed'),
  invalid_rd_operations: req(int, 'reads that could not be, behind the end for one'),
  invalid_wr_operations: req(int, 'writes that could not be'),
  invalid_flush_operations: req(int, 'flushes that could not be'),
  invalid_unmap_operations: req(int, 'discards that could not be'),
  account_invalid: req(bool, 'whether invalid operations count as the last operation'),
  account_failed: req(bool, 'whether failed operations count in the times'),
  timed_stats: req(list(BlockDeviceTimedStats), 'statistics of intervals, if any were asked for'),
  rd_latency_histogram: opt(BlockLatencyHistogramInfo, 'how long reads took'),
  wr_latency_histogram: opt(BlockLatencyHistogramInfo, 'how long writes took'),
  flush_latency_histogram: opt(BlockLatencyHistogramInfo, 'how long flushes took'),
})

const BlockStatsSpecificFile = struct('BlockStatsSpecificFile', {
  'discard-nb-ok': req(int, 'discards that were done'),
  'discard-nb-failed': req(int, 'discards that failed'),
  'discard-bytes-ok': req(int, 'bytes that were discarded'),
})

const BlockStatsSpecificNvme = struct('BlockStatsSpecificNvme', {
  'completion-errors': req(int, 'requests that ended with an error'),
  'aligned-accesses': req(int, 'requests that could be served as they came'),
  'unaligned-accesses': req(int, 'requests that had to be copied'),
})

const BlockdevDriver = oneOf('BlockdevDriver', blockdevDrivers)

const BlockStatsSpecific = union('BlockStatsSpecific', {
  base: { driver: req(BlockdevDriver, 'driver of the node') },
  discriminator: 'driver',
  branches: { file: BlockStatsSpecificFile, host_device: BlockStatsSpecificFile, nvme: BlockStatsSpecificNvme },
})

const statsMembers = {
  device: opt(str, 'name of the drive, if it is one'),
  qdev: opt(str, 'id of the guest device that has the drive, or its QOM path'),
  'node-name': opt(str, 'name of the node'),
  stats: req(BlockDeviceStats, 'the counters'),
}

/** A drive or node with its counters: the type is written out because it holds itself. */
export interface BlockStats extends StructOf<typeof statsMembers> {
  readonly 'driver-specific'?: Infer<typeof BlockStatsSpecific>
  readonly parent?: BlockStats
  readonly backing?: BlockStats
}

export const BlockStats: ObjectType<BlockStats> = struct('BlockStats', {
  ...statsMembers,
  get 'driver-specific'(): Member<Infer<typeof BlockStatsSpecific>, true> {
    return opt(BlockStatsSpecific, 'what only this driver counts')
  },
  get parent(): Member<BlockStats, true> {
    return opt(BlockStats, 'the node below, which stores the bytes')
  },
  get backing(): Member<BlockStats, true> {
    return opt(BlockStats, 'the backing image')
  },
})
