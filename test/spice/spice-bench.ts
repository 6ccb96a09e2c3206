import { deferred } from '../../src/async/index.ts'
import { SharedScreen } from '../../src/display/index.ts'
import type { GuestInput, PointerEvent } from '../../src/input/index.ts'
import { OptionList } from '../../src/keyval/index.ts'
import { type SpiceNews, SpiceServer, spiceConfigOf } from '../../src/spice-server/index.ts'
import { type Duplex, memoryPair } from '../../src/transport/index.ts'
import { Canvas } from '../vnc/display-bench.ts'
import { SpiceClient } from './spice-client.ts'

export const Type = { main: 1, display: 2, inputs: 3, cursor: 4 } as const

/** How long to wait for what has to happen, in milliseconds. */
const patience = 60_000

/** A server over a canvas, with what it does written down. */
export class SpiceBench implements AsyncDisposable {
  readonly canvas: Canvas
  readonly screen: SharedScreen
  /** Set when it is open. */
  server!: SpiceServer
  /** What clients have done: keys and pointers. */
  readonly done: string[] = []
  readonly news: SpiceNews[] = []
  /** What the guest's devices are like; after `changed()`, clients know it. */
  readonly guest = {
    absolute: false,
    leds: 0,
    feels: true,
    changed: () => this.#listeners.forEach((listener) => void listener()),
  }
  readonly #listeners = new Set<() => void>()
  readonly #checks = new Set<() => void>()
  readonly #clients = new Map<SpiceClient, Duplex>()

  private constructor(canvas: Canvas) {
    this.canvas = canvas
    this.screen = new SharedScreen(canvas)
  }

  /** @param options - as of `-spice` */
  static async open(
    options: Readonly<Record<string, string>> = { 'disable-ticketing': 'on' },
    canvas = new Canvas(),
  ): Promise<SpiceBench> {
    const bench = new SpiceBench(canvas)
    const config = spiceConfigOf(new OptionList(Object.entries(options)), () => undefined)
    bench.server = await SpiceServer.open(config, {
      screen: bench.screen,
      input: bench.#input(),
      machine: { name: 'bench', uuid: new Uint8Array(16).fill(7) },
      secure: async (stream) => ({ stream, peerName: undefined }),
      password: options['password'],
      tell: (news) => {
        bench.news.push(news)
        bench.#happened()
      },
      log: () => undefined,
    })
    return bench
  }

  #input(): GuestInput {
    const [{ guest }, listeners] = [this, this.#listeners]
    const act = (what: string): void => {
      this.done.push(what)
      this.#happened()
    }
    return {
      key: (key, down) => {
        if (guest.feels) act(`${down ? 'down' : 'up'} ${key.toString(16)}`)
        return guest.feels
      },
      pointer: (report) => act(report.map(pointerText).join(', ')),
      get absolute() {
        return guest.absolute
      },
      get leds() {
        return guest.leds
      },
      onChange(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }
  }

  /** Somebody connects; `tls` as to the port for TLS, which encrypts nothing here. */
  connect({ skipAuth = false, tls = false } = {}): SpiceClient {
    const [ours, theirs] = memoryPair()
    this.server.addClient(() => ours, { skipAuth, tls })
    const client = new SpiceClient(theirs)
    this.#clients.set(client, ours)
    return client
  }

  /** Waits until it is so after something that a client has done, or that was told of one. @throws {Error} after a minute */
  async until(condition: () => boolean): Promise<void> {
    if (condition()) return
    const { promise, resolve, reject } = deferred()
    const timer = setTimeout(() => reject(new Error(`it did not happen: ${condition}`)), patience)
    const check = (): void => {
      if (condition()) resolve()
    }
    this.#checks.add(check)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.#checks.delete(check)
    }
  }

  #happened(): void {
    for (const check of this.#checks) check()
  }

  /** How many bytes wait to be read by a client. */
  waiting(client: SpiceClient): number {
    return this.#clients.get(client)!.buffered
  }

  /** Somebody opens a main channel. @returns it, and the session that it has begun */
  async main(password = ''): Promise<{ main: SpiceClient; session: number }> {
    const main = this.connect()
    const error = await main.link({ type: Type.main, password })
    if (error !== 0) throw new Error(`link error ${error}`)
    return { main, session: (await main.until(103)).readUInt32LE(0) }
  }

  /** Opens another channel of a session. */
  async channel(type: number, session: number): Promise<SpiceClient> {
    const client = this.connect()
    const error = await client.link({ type, session })
    if (error !== 0) throw new Error(`link error ${error}`)
    return client
  }

  /** Somebody is shown the picture. */
  async viewer(): Promise<SpiceClient> {
    const { session } = await this.main()
    const display = await this.channel(Type.display, session)
    display.say(101, new Uint8Array(14))
    return display
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients.keys()) client.close()
    await this.server.close()
  }
}

function pointerText(event: PointerEvent): string {
  return event.type === 'btn' ? `${event.button} ${event.down}` : `${event.type} ${event.axis}${event.value}`
}
