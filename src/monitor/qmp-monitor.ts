import { NamedDescriptors } from '../descriptors/index.ts'
import type { Logger } from '../log/index.ts'
import type { Duplex } from '../transport/index.ts'
import type { ClientCount } from './client-count.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { EventHub } from './event-hub.ts'
import { type Capability, Session } from './session.ts'

export interface QmpMonitorOptions {
  readonly dispatcher: Dispatcher
  readonly events: EventHub
  /** What `query-version` returns. */
  readonly version: unknown
  readonly pretty: boolean
  /** Fires when the machine ends. */
  readonly signal: AbortSignal
  readonly log: Logger
  /** Told of clients that come and leave. */
  readonly clients?: ClientCount
}

const capabilities: readonly Capability[] = ['oob']

/** One monitor: serves any number of clients at once, each in a session of its own. */
export class QmpMonitor {
  readonly #options: QmpMonitorOptions
  readonly #sessions = new Set<Session>()
  readonly #named = new NamedDescriptors()
  #open = true

  constructor(options: QmpMonitorOptions) {
    this.#options = options
  }

  get sessions(): number {
    return this.#sessions.size
  }

  /** Takes a client on; the monitor owns the connection from here on. */
  connection(duplex: Duplex): void {
    if (!this.#open) {
      duplex.destroy()
      return
    }
    const { version, clients, ...options } = this.#options
    const session: Session = new Session({
      ...options,
      duplex,
      capabilities,
      greeting: { QMP: { version, capabilities } },
      named: this.#named,
      onClosed: () => {
        this.#sessions.delete(session)
        clients?.monitorClosed()
      },
    })
    this.#sessions.add(session)
    clients?.monitorOpened()
    session.start()
  }

  /** Disconnects every client at once, in the middle of whatever is said. */
  destroy(): void {
    this.#open = false
    for (const session of this.#sessions) session.destroy()
  }

  /** Serves nothing more; what is being served is answered, then the clients are disconnected. */
  async close(): Promise<void> {
    this.#open = false
    await Promise.all([...this.#sessions].map((session) => session.close()))
    this.#named[Symbol.dispose]()
  }
}
