import { CommandError } from '../../client/index.ts'
import type { Family, Labels, Point } from './exposition.ts'

type Answer = Readonly<Record<string, unknown>>
/** Runs a command of a QMP server. */
export type Ask = (command: string) => Promise<unknown>

/** Seconds that a thread of this host has run. */
export type ThreadTime = (threadId: number) => Promise<number | undefined>

/**
 * What a machine tells of itself: run state, CPUs, memory, disks with their latencies, networks, jobs, migration, balloon, viewers.
 * What its server has no command for is left out.
 *
 * @param labels - of each value: which machine it is
 * @throws whatever the connection ends with
 */
export async function machineMetrics(ask: Ask, threadTime: ThreadTime, labels: Labels): Promise<Family[]> {
  const known = async (command: string): Promise<unknown> => {
    try {
      return await ask(command)
    } catch (error) {
      if (error instanceof CommandError) return undefined // not there, or nothing to tell
      throw error
    }
  }
  const [status, cpus, memory, disks, jobs, migration, balloon, viewers, networks] = await Promise.all([
    known('query-status'),
    known('query-cpus-fast'),
    known('query-memory-size-summary'),
    known('query-blockstats'),
    known('query-block-jobs'),
    known('query-migrate'),
    known('query-balloon'),
    known('query-vnc'),
    known('__org.vmon_query-netdevs'),
  ])
  return [
    ...runState(status as Answer | undefined, labels),
    ...(await cpuTimes((cpus ?? []) as readonly Answer[], threadTime, labels)),
    ...single('vmon_memory_bytes', 'gauge', 'Guest memory', (memory as Answer)?.['base-memory'], labels),
    ...single(
      'vmon_balloon_actual_bytes',
      'gauge',
      'Guest memory that the balloon leaves',
      (balloon as Answer)?.['actual'],
      labels,
    ),
    ...diskCounters((disks ?? []) as readonly Answer[], labels),
    ...networkCounters((networks ?? []) as readonly Answer[], labels),
    ...jobProgress((jobs ?? []) as readonly Answer[], labels),
    ...migrationState(migration as Answer | undefined, labels),
    ...single(
      'vmon_vnc_clients',
      'gauge',
      'Viewers that are connected',
      ((viewers as Answer)?.['clients'] as unknown[])?.length,
      labels,
    ),
  ]
}

function family(name: string, type: Family['type'], help: string, points: readonly Point[]): Family {
  return { name, type, help, points }
}

/** A value of a machine; none if it is not told. */
function single(name: string, type: Family['type'], help: string, value: unknown, labels: Labels): Family[] {
  return value === undefined ? [] : [family(name, type, help, [{ labels, value: Number(value) }])]
}

function runState(status: Answer | undefined, labels: Labels): Family[] {
  if (status === undefined) return []
  const state = { labels: { ...labels, state: String(status['status']) }, value: 1 }
  return [
    family('vmon_run_state', 'gauge', 'The run state, as a label', [state]),
    family('vmon_running', 'gauge', 'Whether the guest executes', [{ labels, value: Number(status['running']) }]),
  ]
}

async function cpuTimes(cpus: readonly Answer[], threadTime: ThreadTime, labels: Labels): Promise<Family[]> {
  const times = await Promise.all(
    cpus.map(async (cpu) => [cpu['cpu-index'], await threadTime(Number(cpu['thread-id']))] as const),
  )
  const points = times.flatMap(([index, value]) =>
    value === undefined ? [] : [{ labels: { ...labels, cpu: String(index) }, value }],
  )
  return [
    family('vmon_cpus', 'gauge', 'CPUs of the guest', [{ labels, value: cpus.length }]),
    family('vmon_cpu_seconds_total', 'counter', 'Seconds that the host has spent on a CPU of the guest', points),
  ]
}

const diskFamilies = [
  ['rd_bytes', 'vmon_block_read_bytes_total', 'Bytes read', 1],
  ['wr_bytes', 'vmon_block_written_bytes_total', 'Bytes written', 1],
  ['rd_operations', 'vmon_block_reads_total', 'Read requests', 1],
  ['wr_operations', 'vmon_block_writes_total', 'Write requests', 1],
  ['flush_operations', 'vmon_block_flushes_total', 'Flush requests', 1],
  ['failed_rd_operations', 'vmon_block_failed_reads_total', 'Read requests that failed', 1],
  ['failed_wr_operations', 'vmon_block_failed_writes_total', 'Write requests that failed', 1],
  ['rd_total_time_ns', 'vmon_block_read_seconds_total', 'Seconds spent reading', 1e-9],
  ['wr_total_time_ns', 'vmon_block_write_seconds_total', 'Seconds spent writing', 1e-9],
  ['flush_total_time_ns', 'vmon_block_flush_seconds_total', 'Seconds spent flushing', 1e-9],
] as const

function diskCounters(disks: readonly Answer[], labels: Labels): Family[] {
  const named = disks.map((disk) => ({ stats: disk['stats'] as Answer, of: { ...labels, device: nameOf(disk) } }))
  const counters = diskFamilies.map(([member, name, help, factor]) =>
    family(
      name,
      'counter',
      help,
      named.flatMap(({ stats, of }) =>
        stats[member] === undefined ? [] : [{ labels: of, value: Number(stats[member]) * factor }],
      ),
    ),
  )
  return [...counters, ...named.flatMap(({ stats, of }) => latencies(stats, of))]
}

const networkFamilies = [
  ['to-guest', 'to_guest', 'sent to the guest'],
  ['from-guest', 'from_guest', 'from the guest'],
] as const

function networkCounters(netdevs: readonly Answer[], labels: Labels): Family[] {
  return networkFamilies.flatMap(([way, name, what]) => {
    const points = (member: string): Point[] =>
      netdevs.map((netdev) => ({
        labels: { ...labels, netdev: String(netdev['id']), type: String(netdev['type']) },
        value: Number((netdev[way] as Answer)[member]),
      }))
    return [
      family(`vmon_net_${name}_bytes_total`, 'counter', `Bytes of frames ${what}`, points('bytes')),
      family(`vmon_net_${name}_packets_total`, 'counter', `Frames ${what}`, points('packets')),
      family(`vmon_net_${name}_dropped_total`, 'counter', `Frames ${what} that were lost`, points('dropped')),
    ]
  })
}

function nameOf(disk: Answer): string {
  return String(disk['device'] || disk['qdev'] || disk['node-name'] || '')
}

/** The histograms of block-latency-histogram-set, whose boundaries are nanoseconds. */
function latencies(stats: Answer, labels: Labels): Family[] {
  return (['rd', 'wr', 'flush'] as const).flatMap((operation) => {
    const histogram = stats[`${operation}_latency_histogram`] as
      | { readonly boundaries: readonly number[]; readonly bins: readonly number[] }
      | undefined
    if (histogram === undefined) return []
    const of = { ...labels, operation }
    let count = 0
    const buckets = histogram.bins.map((bin, index): Point => {
      count += bin
      const boundary = histogram.boundaries[index]
      const le = boundary === undefined ? '+Inf' : String(boundary / 1e9)
      return { labels: { ...of, le }, value: count, suffix: '_bucket' }
    })
    const sum = { labels: of, value: Number(stats[`${operation}_total_time_ns`]) / 1e9, suffix: '_sum' }
    const points = [...buckets, sum, { labels: of, value: count, suffix: '_count' }]
    return [family('vmon_block_latency_seconds', 'histogram', 'How long requests took', points)]
  })
}

function jobProgress(jobs: readonly Answer[], labels: Labels): Family[] {
  const points = (member: string): Point[] =>
    jobs.map((job) => ({
      labels: { ...labels, job: String(job['device']), type: String(job['type']), status: String(job['status']) },
      value: Number(job[member]),
    }))
  return [
    family('vmon_job_progress_bytes', 'gauge', 'What a block job has done', points('offset')),
    family('vmon_job_length_bytes', 'gauge', 'What a block job has to do in all', points('len')),
  ]
}

function migrationState(migration: Answer | undefined, labels: Labels): Family[] {
  if (migration?.['status'] === undefined) return []
  const ram = (migration['ram'] ?? {}) as Answer
  const status = { labels: { ...labels, status: String(migration['status']) }, value: 1 }
  return [
    family('vmon_migration_status', 'gauge', 'The state of the migration, as a label', [status]),
    ...single('vmon_migration_transferred_bytes', 'gauge', 'What the migration has sent', ram['transferred'], labels),
    ...single('vmon_migration_remaining_bytes', 'gauge', 'What the migration has to send', ram['remaining'], labels),
  ]
}
