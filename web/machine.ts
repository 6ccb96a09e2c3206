import { QmpClient } from 'vmon/client'
import { socketUrl } from './socket-url.ts'
import { WebsocketStream } from './websocket-stream.ts'

export interface Drive {
  /** How commands name it: one of the two. */
  readonly target: { readonly device: string } | { readonly id: string }
  readonly name: string
  readonly removable: boolean
  readonly locked: boolean
  readonly open: boolean
  readonly medium:
    | { readonly file: string; readonly format: string; readonly bytes: number; readonly readOnly: boolean }
    | undefined
  /** Bytes a second, since the look before. */
  readonly rates: { readonly read: number; readonly written: number }
  readonly snapshots: readonly Snapshot[]
}

export interface Snapshot {
  readonly name: string
  readonly date: Date
  readonly stateBytes: number
}

export interface Job {
  readonly id: string
  readonly type: string
  readonly status: string
  readonly done: number
  readonly total: number
  readonly error: string | undefined
}

export interface Migration {
  readonly status: string
  readonly total: number
  readonly remaining: number
  readonly error: string | undefined
}

export interface PastEvent {
  readonly number: number
  readonly time: Date
  readonly name: string
  readonly data: string
}

/** What is known of the machine. */
export interface MachineState {
  readonly connection: 'connecting' | 'open' | 'lost'
  readonly version: string
  /** As query-status tells it. */
  readonly status: string
  readonly drives: readonly Drive[]
  readonly jobs: readonly Job[]
  readonly migration: Migration | undefined
  readonly events: readonly PastEvent[]
  /** What went wrong last with something that was asked for. */
  readonly complaint: string | undefined
}

type Answer = Readonly<Record<string, any>>

const lookMs = 1000
const againMs = 2000
const keptEvents = 200

/** The machine as the page knows it: looked at every second and after each event, by QMP. */
export class Machine {
  /** Whether it may be changed by this page. */
  readonly mayControl: boolean
  state: MachineState = {
    connection: 'connecting',
    version: '',
    status: 'unknown',
    drives: [],
    jobs: [],
    migration: undefined,
    events: [],
    complaint: undefined,
  }
  readonly #listeners = new Set<() => void>()
  #client: QmpClient | undefined
  #looking = false
  #lookAgain = false
  #count = 0
  #before = new Map<string, { readonly time: number; readonly read: number; readonly written: number }>()

  constructor(mayControl: boolean) {
    this.mayControl = mayControl
    void this.#stayConnected()
    setInterval(() => {
      if (!document.hidden) void this.look()
    }, lookMs)
  }

  /** The result ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Runs a command; what goes wrong is shown. @returns whether it went well */
  async run(command: string, args: object = {}): Promise<boolean> {
    return (await this.ask(command, args)) !== undefined
  }

  /** Runs a command. @returns what it returned; undefined if it went wrong, which is shown */
  ask(command: string, args: object = {}): Promise<unknown> {
    return this.#try(async (client) => (await client.executeAny(command, args)) ?? {})
  }

  /** Types on the guest's keyboard. */
  async type(text: string): Promise<boolean> {
    return (await this.#try(async (client) => (await client.keyboard.type(text)) ?? true)) !== undefined
  }

  /** Runs a line of the human monitor. @returns what it prints */
  async human(line: string): Promise<string> {
    const said = await this.ask('human-monitor-command', { 'command-line': line })
    return typeof said === 'string' ? said : ''
  }

  complain(complaint: string | undefined): void {
    this.#set({ complaint })
  }

  async #try<T>(work: (client: QmpClient) => Promise<T>): Promise<T | undefined> {
    try {
      if (this.#client === undefined) throw new Error('The machine is not connected')
      const result = await work(this.#client)
      if (this.state.complaint !== undefined) this.complain(undefined)
      return result
    } catch (error) {
      this.complain((error as Error).message)
      return undefined
    } finally {
      void this.look()
    }
  }

  async #stayConnected(): Promise<void> {
    for (;;) {
      try {
        const client = await QmpClient.connect(new WebsocketStream(socketUrl('qmp')))
        this.#client = client
        const { major, minor, micro } = client.greeting.version.qemu
        this.#set({ connection: 'open', version: `${major}.${minor}.${micro}` })
        void this.look()
        for await (const event of client.events()) this.#note(event)
      } catch (error) {
        console.info('the connection is lost', error)
      }
      this.#client = undefined
      this.#set({ connection: 'lost', status: 'unknown' })
      await new Promise((resolve) => setTimeout(resolve, againMs))
    }
  }

  #note({ event: name, time, data }: { readonly event: string; readonly time: number; readonly data: unknown }): void {
    const event = { number: this.#count++, time: new Date(time), name, data: textOf(data) }
    this.#set({ events: [event, ...this.state.events].slice(0, keptEvents) })
    void this.look()
  }

  /** Asks for everything. */
  async look(): Promise<void> {
    this.#lookAgain = true
    if (this.#looking) return
    this.#looking = true
    try {
      while (this.#lookAgain && this.#client !== undefined) {
        this.#lookAgain = false
        await this.#look(this.#client)
      }
    } catch (error) {
      console.info('the machine does not answer', error)
    } finally {
      this.#looking = false
    }
  }

  async #look(client: QmpClient): Promise<void> {
    const ask = async (command: string): Promise<any> => client.executeAny(command).catch(() => undefined)
    const commands = [
      'query-status',
      'query-block',
      'query-blockstats',
      'query-jobs',
      'query-block-jobs',
      'query-migrate',
    ]
    const [status, drives, statistics, jobs, blockJobs, migration] = await Promise.all(commands.map(ask))
    if (status === undefined) return
    this.#set({
      status: (status as Answer)['status'],
      drives: this.#drivesOf(drives ?? [], statistics ?? []),
      jobs: jobsOf(jobs ?? [], blockJobs ?? []),
      migration: migrationOf(migration ?? {}),
    })
  }

  #drivesOf(drives: readonly Answer[], statistics: readonly Answer[]): Drive[] {
    const time = performance.now()
    const before = this.#before
    this.#before = new Map()
    return drives.map((drive, index) => {
      const name: string = drive['device'] || drive['qdev'] || `drive ${index}`
      const inserted = drive['inserted'] as Answer | undefined
      const image = inserted?.['image'] as Answer | undefined
      const counts = statistics.find((one) => (one['device'] || one['qdev']) === (drive['device'] || drive['qdev']))
      const now = {
        time,
        read: Number(counts?.['stats']['rd_bytes'] ?? 0),
        written: Number(counts?.['stats']['wr_bytes'] ?? 0),
      }
      this.#before.set(name, now)
      const last = before.get(name) ?? now
      const seconds = Math.max((now.time - last.time) / 1000, 0.05)
      return {
        target: drive['device'] ? { device: drive['device'] } : { id: drive['qdev'] },
        name,
        removable: drive['removable'] === true,
        locked: drive['locked'] === true,
        open: drive['tray_open'] === true,
        medium: inserted && {
          file: String(inserted['file']),
          format: String(inserted['drv']),
          bytes: Number(image?.['virtual-size'] ?? 0),
          readOnly: inserted['ro'] === true,
        },
        rates: { read: (now.read - last.read) / seconds, written: (now.written - last.written) / seconds },
        snapshots: ((image?.['snapshots'] ?? []) as readonly Answer[]).map((snapshot) => ({
          name: String(snapshot['name']),
          date: new Date(Number(snapshot['date-sec']) * 1000),
          stateBytes: Number(snapshot['vm-state-size']),
        })),
      }
    })
  }

  #set(change: Partial<MachineState>): void {
    this.state = { ...this.state, ...change }
    for (const listener of this.#listeners) listener()
  }
}

function jobsOf(jobs: readonly Answer[], blockJobs: readonly Answer[]): Job[] {
  return jobs.map((job) => {
    // Of a job that copies, the other list knows the progress as people know it.
    const block = blockJobs.find(({ device }) => device === job['id'])
    return {
      id: String(job['id']),
      type: String(job['type']),
      status: String(job['status']),
      done: Number(block?.['offset'] ?? job['current-progress']),
      total: Number(block?.['len'] ?? job['total-progress']),
      error: job['error'] as string | undefined,
    }
  })
}

function migrationOf(migration: Answer): Migration | undefined {
  if (migration['status'] === undefined || migration['status'] === 'none') return undefined
  const { total = 0, remaining = 0 } = (migration['ram'] ?? {}) as Answer
  return {
    status: String(migration['status']),
    total: Number(total),
    remaining: Number(remaining),
    error: migration['error-desc'] as string | undefined,
  }
}

const textOf = (data: unknown): string =>
  JSON.stringify(data, (_, value) => (typeof value === 'bigint' ? Number(value) : value))
