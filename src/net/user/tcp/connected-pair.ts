import { FakeClock } from '../fake-clock.ts'
import type { TcpSegment } from './segment.ts'
import { TcpConnection, type TcpPath, type TcpUser } from './tcp-connection.ts'

/** What happens to a segment: it arrives so many milliseconds later, each time that stands here; or never. */
export type Fate = readonly number[]

/** A user that takes note of what it hears; it reads as much as it is let. */
export class RecordingUser implements TcpUser {
  readonly chunks: Buffer[] = []
  readonly heard: string[] = []
  waiting = 0
  reads = true
  connection: TcpConnection | undefined

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  data(bytes: Buffer): void {
    this.chunks.push(Buffer.from(bytes))
    if (!this.reads) this.waiting += bytes.length
  }

  /** Reads what waits. */
  read(): void {
    this.waiting = 0
    this.connection?.windowOpened()
  }

  end(): void {
    this.heard.push('end')
  }

  drained(): void {}

  failed(reason: string): void {
    this.heard.push(reason)
  }

  opened(): void {
    this.heard.push('opened')
  }
}

export interface PairOptions {
  /** Of each segment in its turn. */
  readonly fate?: () => Fate
  readonly sequences?: readonly [number, number]
  readonly windowLimit?: number
}

/** Two connections with each other over a line that may lose, repeat and delay; time passes as the test lets it. */
export class ConnectedPair {
  readonly clock = new FakeClock()
  readonly users = [new RecordingUser(), new RecordingUser()] as const
  readonly asking: TcpConnection
  readonly answering: TcpConnection
  readonly segments: (TcpSegment & { readonly from: 'asking' | 'answering' })[] = []
  /** While it is not, nothing is sent. */
  clear = true
  /** How many of the two have told that they are no more. */
  gone = 0
  readonly #waiting = new Set<TcpConnection>()
  readonly #fate: () => Fate

  constructor({ fate = () => [1], sequences = [1, 2], windowLimit = 65_536 }: PairOptions = {}) {
    this.#fate = fate
    const pool = { free: 1 << 24 }
    const make = (index: 0 | 1): TcpConnection =>
      new TcpConnection({
        ...{ path: this.#path(index), user: this.users[index], clock: this.clock, pool },
        ...{ initialSequence: sequences[index], mss: 1460, windowLimit: () => windowLimit },
      })
    this.asking = make(0)
    this.answering = make(1)
    this.users[0].connection = this.asking
    this.users[1].connection = this.answering
  }

  /** Lets time pass until nothing is left to happen. @returns what time it is then */
  settle(most = 1_000_000): number {
    for (let steps = 0; steps < most; steps++) if (!this.clock.step()) return this.clock.now()
    throw new Error('it never comes to rest')
  }

  resume(): void {
    this.clear = true
    for (const connection of [...this.#waiting]) {
      this.#waiting.delete(connection)
      connection.pump()
    }
  }

  #path(index: 0 | 1): TcpPath {
    const isClear = (): boolean => this.clear
    return {
      get clear() {
        return isClear()
      },
      wait: (connection) => this.#waiting.add(connection),
      closed: () => void this.gone++,
      send: (head, length, fill) => {
        const payload = Buffer.alloc(length)
        fill(payload, 0)
        const from = index === 0 ? ('asking' as const) : ('answering' as const)
        const segment = { ...head, options: head.options ?? {}, sourcePort: 1, destinationPort: 2, payload, from }
        this.segments.push(segment)
        for (const delay of this.#fate()) this.clock.after(delay, () => this.#arrive(index, segment))
      },
    }
  }

  #arrive(from: 0 | 1, segment: TcpSegment): void {
    const to = from === 0 ? this.answering : this.asking
    if (to === this.answering && to.state === 'opening') {
      if (segment.flags & 0x02) to.accept(segment)
    } else to.receive(segment)
  }
}
