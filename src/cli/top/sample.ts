/** What a machine has told at one moment. */
export interface Sample {
  /** When, in milliseconds of a clock that never turns back. */
  readonly time: number
  readonly name: string | undefined
  readonly status: string
  readonly running: boolean
  readonly cpus: number
  /** Seconds that the host has spent on the CPUs so far; undefined where nobody tells. */
  readonly cpuSeconds: number | undefined
  readonly disks: DiskCounters
  /** Undefined if the server does not tell. */
  readonly networks: NetworkCounters | undefined
  /** Undefined if the server has no jobs to tell of. */
  readonly jobs: readonly Job[] | undefined
}

/** Of all drives together, since they were opened. */
export interface DiskCounters {
  readonly readBytes: number
  readonly writtenBytes: number
  readonly reads: number
  readonly writes: number
}

/** Of all networks that are not hubs together. */
export interface NetworkCounters {
  readonly toGuestBytes: number
  readonly fromGuestBytes: number
}

export interface Job {
  readonly id: string
  readonly type: string
  readonly status: string
  /** 0 to 1; undefined if there is no end in sight. */
  readonly done: number | undefined
}

/** What happened between two samples. */
export interface Rates {
  /** Of one CPU of the host: two busy CPUs are 2. */
  readonly cpu: number | undefined
  readonly readBytesPerSecond: number
  readonly writtenBytesPerSecond: number
  readonly readsPerSecond: number
  readonly writesPerSecond: number
  readonly toGuestBytesPerSecond: number | undefined
  readonly fromGuestBytesPerSecond: number | undefined
}

/** Rates between two samples of one machine; a counter that has gone back (a medium was changed) counts as standing still. */
export function ratesBetween(before: Sample, after: Sample): Rates {
  const seconds = Math.max((after.time - before.time) / 1000, 1e-3)
  const rate = (name: keyof DiskCounters): number => Math.max(0, after.disks[name] - before.disks[name]) / seconds
  const cpu =
    before.cpuSeconds === undefined || after.cpuSeconds === undefined
      ? undefined
      : Math.max(0, after.cpuSeconds - before.cpuSeconds) / seconds
  const networkRate = (name: keyof NetworkCounters): number | undefined =>
    before.networks === undefined || after.networks === undefined
      ? undefined
      : Math.max(0, after.networks[name] - before.networks[name]) / seconds
  return {
    cpu,
    readBytesPerSecond: rate('readBytes'),
    writtenBytesPerSecond: rate('writtenBytes'),
    readsPerSecond: rate('reads'),
    writesPerSecond: rate('writes'),
    toGuestBytesPerSecond: networkRate('toGuestBytes'),
    fromGuestBytesPerSecond: networkRate('fromGuestBytes'),
  }
}
