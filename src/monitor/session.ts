import { MonitorDescriptors, type NamedDescriptors } from '../descriptors/index.ts'
import { type JsonMessage, JsonStream } from '../json/index.ts'
import type { Logger } from '../log/index.ts'
import { QmpError } from '../qapi/index.ts'
import { clearTimeout, setImmediate, setTimeout } from '../timers/index.ts'
import type { Duplex } from '../transport/index.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { EventHub } from './event-hub.ts'
import { type Request, RequestError, readRequest } from './request.ts'
import { wireLine } from './wire-line.ts'

/** Capabilities that a monitor offers; `oob` is the only one that QMP knows. */
export type Capability = 'oob'

/** How many in-band requests wait at most while one is served, in a session with `oob`. */
const oobQueueLimit = 8
/** A client that has not read this many bytes when an event comes is beyond help: it is disconnected. */
const unreadLimit = 4 << 20
/** How many replies a session makes before others get their turn; long ones count for more, by their length. */
const repliesPerTurn = 64
const bytesPerReply = 1024
/** How long a session that closes waits for what it serves, and for its client to read what was sent to it last. */
const graceMilliseconds = 500

export interface SessionOptions {
  readonly duplex: Duplex
  readonly dispatcher: Dispatcher
  readonly events: EventHub
  readonly greeting: unknown
  readonly capabilities: readonly Capability[]
  readonly pretty: boolean
  readonly log: Logger
  /** The descriptors that the monitor has given names. */
  readonly named: NamedDescriptors
  /** Fires when the machine ends. A client that goes does not cancel the command that is being served. */
  readonly signal: AbortSignal
  readonly onClosed: () => void
}

type State =
  /** Only `qmp_capabilities` is served, events pass by. */
  | 'negotiating'
  | 'serving'
  /** Nothing more is served; what is being served is still answered. */
  | 'closing'
  | 'closed'

/**
 * One client of a QMP monitor: greeting, negotiation, requests in order, replies, events.
 *
 * A request that is served at once costs no promise; its reply is written together with those of the other requests in
 * the same chunk, up to a number that leaves other clients their turn. While a request is being served the session reads
 * no further (with `oob`: until eight wait). A client that does not read its replies is not read either.
 */
export class Session {
  readonly #duplex: Duplex
  readonly #dispatcher: Dispatcher
  readonly #greeting: unknown
  readonly #offered: readonly Capability[]
  readonly #pretty: boolean
  readonly #log: Logger
  readonly #onClosed: () => void
  readonly descriptors: MonitorDescriptors
  readonly #stream = new JsonStream()
  readonly #signal: AbortSignal
  readonly #stopListening: () => void
  #state: State = 'negotiating'
  #oob = false
  /** In-band messages that wait, in order; errors in the input take their turn as well. */
  #waiting: (Request | QmpError)[] = []
  #serving = false
  #blocked = false
  #paused = false
  #pumping = false
  /** Replies of this turn of the event loop, by their weight. */
  #worked = 0
  /** The turn's work has been done; the next turn goes on. */
  #resting = false
  #inputEnded = false
  #out = ''

  constructor(options: SessionOptions) {
    this.#duplex = options.duplex
    this.#dispatcher = options.dispatcher
    this.#greeting = options.greeting
    this.#offered = options.capabilities
    this.#pretty = options.pretty
    this.#log = options.log
    this.#signal = options.signal
    this.#onClosed = options.onClosed
    this.descriptors = new MonitorDescriptors(options.named)
    this.#stopListening = options.events.listen((_message, line) => this.#event(line))
  }

  /** Whether the session has `oob` enabled. */
  get outOfBand(): boolean {
    return this.#oob
  }

  get state(): State {
    return this.#state
  }

  /** Greets the client and begins to serve it. */
  start(): void {
    this.#send(this.#greeting)
    this.#flush()
    this.#duplex.start({
      takesDescriptors: true,
      data: (chunk, descriptors) => {
        if (descriptors !== undefined) this.descriptors.arrived(descriptors)
        if (this.#log.enabled('trace:qmp'))
          this.#log.log('trace:qmp', 'received', { text: new TextDecoder().decode(chunk) })
        this.#stream.feed(chunk)
        this.#pump()
        this.#holdBack()
      },
      drain: () => {
        this.#blocked = false
        this.#pump()
      },
      end: () => {
        // Standard input that is used up says nothing of who reads standard output.
        this.#inputEnded = this.#duplex.kind !== 'stdio'
        this.#pump()
      },
      closed: () => this.#closed(),
    })
  }

  /**
   * Ends the negotiation (`qmp_capabilities`).
   *
   * @throws {QmpError} CommandNotFound, if it is over already; GenericError, if a capability was not offered
   */
  negotiate(enable: readonly Capability[]): void {
    if (this.#state !== 'negotiating') {
      throw new QmpError('CommandNotFound', 'Capabilities negotiation is already complete, command ignored')
    }
    for (const capability of enable) {
      if (!this.#offered.includes(capability))
        throw new QmpError('GenericError', `Capability ${capability} not available`)
    }
    this.#oob = enable.includes('oob')
    this.#state = 'serving'
  }

  /** Answers what is being served, sends everything, then hangs up; a client that does not read is given half a second. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closing'
    this.#waiting = []
    this.#pump()
    const grace = setTimeout(() => this.#duplex.destroy(new Error('the client does not read')), graceMilliseconds)
    await this.#duplex.closed
    clearTimeout(grace)
  }

  /** Hangs up at once. */
  destroy(reason?: Error): void {
    this.#duplex.destroy(reason)
  }

  #event(line: (pretty: boolean) => string): void {
    if (this.#state !== 'serving' && this.#state !== 'closing') return
    if (this.#duplex.buffered > unreadLimit) {
      this.#log.log('qmp', 'a client does not read its events: disconnected', { unread: this.#duplex.buffered })
      this.#duplex.destroy(new Error('the client does not read'))
      return
    }
    try {
      this.#out += line(this.#pretty)
    } catch (error) {
      this.#log.log('qmp', 'an event cannot be told', { error })
    }
    if (!this.#pumping) this.#flush()
  }

  /** Serves what has come in, as far as back-pressure and the request in progress allow. */
  #pump(): void {
    if (this.#pumping || this.#state === 'closed') return
    this.#pumping = true
    while (this.#state !== 'closing' && !this.#blocked && !this.#resting) {
      if (!this.#serving && this.#waiting.length > 0) this.#serve(this.#waiting.shift()!)
      else if (!this.#mayRead() || !this.#readOne()) break
      if (this.#out.length > 1 << 16) this.#flush()
      if (this.#signal.aborted) this.#state = 'closing' // what came behind the request that ended the machine is not answered
    }
    this.#pumping = false
    this.#flush()
    this.#readOn()
    this.#endIfDone()
  }

  /** Counts what is done in this turn of the event loop; what is too much for it is left to the next. */
  #count(bytes: number): void {
    if (this.#worked === 0) setImmediate(this.#nextTurn)
    this.#worked += Math.max(1, bytes / bytesPerReply)
    if (this.#worked >= repliesPerTurn) this.#resting = true
  }

  readonly #nextTurn = (): void => {
    this.#worked = 0
    if (!this.#resting) return
    this.#resting = false
    this.#pump()
  }

  #mayRead(): boolean {
    if (this.#resting) return false
    return this.#oob ? this.#waiting.length < oobQueueLimit : !this.#serving
  }

  /** Takes one message from the input. False if there is none. */
  #readOne(): boolean {
    const message = this.#stream.next()
    if (message === undefined) return false
    const request = this.#interpret(message)
    if (request instanceof QmpError || !request.outOfBand) {
      if (this.#serving || this.#waiting.length > 0) this.#waiting.push(request)
      else this.#serve(request)
    } else {
      this.#serveOutOfBand(request)
    }
    return true
  }

  #interpret(message: JsonMessage): Request | QmpError {
    if ('error' in message) return new QmpError('GenericError', message.error)
    try {
      return readRequest(message.value, this.#oob)
    } catch (error) {
      if (error instanceof RequestError) return error
      throw error
    }
  }

  #serve(request: Request | QmpError): void {
    if (request instanceof QmpError) {
      this.#replyError(request, request instanceof RequestError ? request.id : undefined)
      return
    }
    const { id } = request
    try {
      const result = this.#dispatch(request)
      if (!(result instanceof Promise)) {
        this.#reply(result, id)
        return
      }
      this.#serving = true
      result.then(
        (value) => this.#settle(() => this.#reply(value, id)),
        (error) => this.#settle(() => this.#replyError(error, id)),
      )
    } catch (error) {
      this.#replyError(error, id)
    }
  }

  #settle(reply: () => void): void {
    this.#serving = false
    if (this.#state === 'closed') return
    reply()
    this.#pump()
  }

  /** Runs a request out of band: beside what is being served. */
  #serveOutOfBand(request: Request): void {
    const { id } = request
    const finish = (reply: () => void): void => {
      if (this.#state === 'closed') return
      reply()
      if (!this.#pumping) this.#flush()
    }
    try {
      const result = this.#dispatch(request)
      if (!(result instanceof Promise)) {
        this.#reply(result, id)
        return
      }
      result.then(
        (value) => finish(() => this.#reply(value, id)),
        (error) => finish(() => this.#replyError(error, id)),
      )
    } catch (error) {
      this.#replyError(error, id)
    }
  }

  #dispatch(request: Request): unknown {
    return this.#dispatcher.dispatch(request, {
      negotiating: this.#state === 'negotiating',
      session: this,
      signal: this.#signal,
    })
  }

  #reply(value: unknown, id: unknown): void {
    try {
      this.#send(id === undefined ? { return: value } : { return: value, id })
    } catch (error) {
      this.#replyError(error, id) // a result that cannot be told
    }
  }

  #replyError(error: unknown, id: unknown): void {
    const { errorClass, message } = this.#dispatcher.toWire(error)
    this.#send(
      id === undefined
        ? { error: { class: errorClass, desc: message } }
        : { error: { class: errorClass, desc: message }, id },
    )
  }

  #send(message: unknown): void {
    const line = wireLine(message, this.#pretty)
    this.#count(line.length)
    this.#out += line
  }

  #flush(): void {
    if (this.#out.length === 0) return
    const text = this.#out
    this.#out = ''
    if (this.#log.enabled('trace:qmp')) this.#log.log('trace:qmp', 'sent', { text })
    if (!this.#duplex.write(text)) this.#blocked = true
  }

  /** Stops reading when data comes that cannot be served now. */
  #holdBack(): void {
    if (this.#paused || (!this.#blocked && this.#mayRead())) return
    this.#paused = true
    this.#duplex.pause()
  }

  #readOn(): void {
    if (!this.#paused || this.#blocked || !this.#mayRead()) return
    this.#paused = false
    this.#duplex.resume()
  }

  #endIfDone(): void {
    if (this.#serving || this.#waiting.length > 0) return
    if (this.#state !== 'closing' && (!this.#inputEnded || this.#blocked || this.#resting)) return
    this.#state = 'closing'
    void this.#duplex.close()
  }

  #closed(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#waiting = []
    this.descriptors[Symbol.dispose]()
    this.#stopListening()
    this.#onClosed()
  }
}
