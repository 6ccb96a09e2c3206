import { CommandError, type QmpClient } from '../../client/index.ts'
import { connectQmp, tcpPlace } from '../../embedding/index.ts'
import { threadSeconds } from '../machines/thread-time.ts'
import { type Job, type NetworkCounters, type Rates, ratesBetween, type Sample } from './sample.ts'

/** How long a machine may take to answer. */
const patienceMs = 5000

/** What is known of a machine: its last sample and what happened before it, or why there is none. */
export type Watched =
  | { readonly state: 'asked' }
  | { readonly state: 'known'; readonly sample: Sample; readonly rates: Rates | undefined }
  | { readonly state: 'lost'; readonly reason: string }

type Answer = Readonly<Record<string, unknown>>

/** Watches one machine by its QMP server; a connection that is lost is made anew at the next look. */
export class MachineWatch implements AsyncDisposable {
  readonly address: string
  #client: QmpClient | undefined
  #watched: Watched = { state: 'asked' }
  #looking: Promise<void> | undefined

  constructor(address: string) {
    this.address = address
  }

  get watched(): Watched {
    return this.#watched
  }

  /** Asks for everything; settles when it is known, or why not. A look that is still going on is joined. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client?.close()
  }

  async #look(): Promise<void> {
    const signal = AbortSignal.timeout(patienceMs)
    try {
      this.#client ??= await connectQmp(this.address, { signal })
      const sample = await this.#sample(this.#client, signal)
      const before = this.#watched.state === 'known' ? this.#watched.sample : undefined
      this.#watched = { state: 'known', sample, rates: before && ratesBetween(before, sample) }
    } catch (error) {
      this.#client?.destroy()
      this.#client = undefined
      const reason = signal.aborted ? 'no answer' : (error as Error).message
      this.#watched = { state: 'lost', reason }
    }
  }

  async #sample(client: QmpClient, signal: AbortSignal): Promise<Sample> {
    const ask = async (command: string): Promise<unknown> => client.executeAny(command, undefined, { signal })
    const [name, status, cpus, disks, jobs, networks] = await Promise.all([
      ask('query-name'),
      ask('query-status'),
      ask('query-cpus-fast'),
      ask('query-blockstats'),
      jobsOf(ask),
      networksOf(ask),
    ])
    const threads = (cpus as readonly Answer[]).map((cpu) => Number(cpu['thread-id']))
    const seconds = tcpPlace(this.address) === undefined ? await Promise.all(threads.map(threadSeconds)) : [undefined]
    const sum = (counter: string): number =>
      (disks as readonly { readonly stats: Answer }[]).reduce((total, { stats }) => total + Number(stats[counter]), 0)
    return {
      time: performance.now(),
      name: textOf((name as Answer)['name']),
      status: String((status as Answer)['status']),
      running: (status as Answer)['running'] as boolean,
      cpus: threads.length,
      cpuSeconds: seconds.reduce(
        (total, each) => (total === undefined || each === undefined ? undefined : total + each),
        0,
      ),
      disks: {
        readBytes: sum('rd_bytes'),
        writtenBytes: sum('wr_bytes'),
        reads: sum('rd_operations'),
        writes: sum('wr_operations'),
      },
      jobs,
      networks,
    }
  }
}

const textOf = (value: unknown): string | undefined => (value === undefined ? undefined : String(value))

/** Block jobs, by whichever command the server has. */
async function jobsOf(ask: (command: string) => Promise<unknown>): Promise<readonly Job[] | undefined> {
  for (const [command, job] of [
    ['query-block-jobs', blockJob],
    ['query-jobs', anyJob],
  ] as const) {
    try {
      return ((await ask(command)) as readonly Answer[]).map(job)
    } catch (error) {
      if (!(error instanceof CommandError && error.errorClass === 'CommandNotFound')) throw error
    }
  }
  return undefined
}

/** What all networks carry, where the server tells; hubs carry what others have carried. */
async function networksOf(ask: (command: string) => Promise<unknown>): Promise<NetworkCounters | undefined> {
  try {
    const netdevs = (await ask('__org.vmon_query-netdevs')) as readonly Answer[]
    const sum = (way: string): number =>
      netdevs
        .filter(({ type }) => type !== 'hubport')
        .reduce((total, netdev) => total + Number((netdev[way] as Answer)['bytes']), 0)
    return { toGuestBytes: sum('to-guest'), fromGuestBytes: sum('from-guest') }
  } catch (error) {
    if (error instanceof CommandError && error.errorClass === 'CommandNotFound') return undefined
    throw error
  }
}

function blockJob({ device, type, status, offset, len }: Answer): Job {
  return { id: String(device), type: String(type), status: String(status), done: share(offset, len) }
}

function anyJob(job: Answer): Job {
  const done = share(job['current-progress'], job['total-progress'])
  return { id: String(job['id']), type: String(job['type']), status: String(job['status']), done }
}

function share(part: unknown, whole: unknown): number | undefined {
  return Number(whole) > 0 ? Number(part) / Number(whole) : undefined
}
