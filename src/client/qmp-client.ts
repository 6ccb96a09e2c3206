import { BoundedQueue, type Deferred, deadline, deferred, untilAborted } from '../async/index.ts'
import type { Commands } from '../commands/index.ts'
import { JsonStream, print } from '../json/index.ts'
import type { ArgsOf, ErrorClass, ReturnOf } from '../qapi/index.ts'
import type { Duplex } from '../transport/index.ts'
import { CommandError, ConnectionLostError, ProtocolError } from './client-error.ts'
import { GuestKeyboard } from './guest-keyboard.ts'
import { GuestScreen } from './guest-screen.ts'
import { type AnyQmpEvent, type EventName, type Greeting, type QmpEvent, readMessage } from './messages.ts'

export interface QmpClientOptions {
  /** Gives up the greeting and the negotiation. */
  readonly signal?: AbortSignal
  /** Capabilities to switch on, of those that the server offers. */
  readonly enable?: readonly 'oob'[]
}

export interface CallOptions {
  /** Stops waiting for the answer; the server carries the command out all the same. */
  readonly signal?: AbortSignal
  /** Stops waiting after so many milliseconds. */
  readonly timeoutMs?: number
  /** Calls out of band: needs the capability `oob`, and a command that allows it. */
  readonly outOfBand?: boolean
}

export interface EventOptions<Name extends string = EventName> {
  /** Only events of these names. */
  readonly names?: readonly Name[]
  /** How many may wait to be read; the oldest give way, and are counted in `lost`. */
  readonly capacity?: number
}

export type WaitForEventOptions = Pick<CallOptions, 'signal' | 'timeoutMs'>

type CommandName = keyof Commands & string
type Call<Name extends CommandName> =
  {} extends ArgsOf<Commands[Name]>
    ? [args?: ArgsOf<Commands[Name]>, options?: CallOptions]
    : [args: ArgsOf<Commands[Name]>, options?: CallOptions]

/** The server's refusal of a command. */
interface Refusal {
  readonly errorClass: ErrorClass
  readonly desc: string
}

type Answer = { readonly value: unknown } | { readonly refusal: Refusal }

type State = 'greeting' | 'open' | 'closed'

/**
 * A connection to a QMP server, past its negotiation.
 *
 * Calls may overlap; each gets its own answer. When the connection ends, every call that waits is rejected with the
 * reason, and every event iterator ends. Connecting again is the caller's decision.
 */
export class QmpClient implements AsyncDisposable {
  /** What the guest's screen says: vmon alone tells. */
  readonly screen = new GuestScreen(this)
  /** Types on the guest's keyboard. */
  readonly keyboard = new GuestKeyboard(this)
  readonly #duplex: Duplex
  readonly #stream = new JsonStream()
  readonly #greeted = deferred<Greeting>()
  readonly #pending = new Map<number, Deferred<Answer>>()
  readonly #listeners = new Map<BoundedQueue<AnyQmpEvent>, ReadonlySet<string> | undefined>()
  #state: State = 'greeting'
  #nextId = 1
  #lost: ConnectionLostError | undefined

  /**
   * Takes a fresh connection through greeting and negotiation.
   *
   * @throws {ProtocolError} if the peer does not speak QMP
   * @throws {ConnectionLostError} if the connection ends before
   * @throws the reason of `signal`, if it fires before; the connection is closed then
   */
  static async connect(duplex: Duplex, { signal, enable = [] }: QmpClientOptions = {}): Promise<QmpClient> {
    const client = new QmpClient(duplex)
    try {
      await untilAborted(client.#greeted.promise, signal)
      await client.execute('qmp_capabilities', enable.length === 0 ? {} : { enable: [...enable] }, signal && { signal })
      return client
    } catch (error) {
      client.destroy(error instanceof Error ? error : undefined)
      throw error
    }
  }

  private constructor(duplex: Duplex) {
    this.#duplex = duplex
    this.#greeted.promise.then(
      (greeting) => {
        this.#greeting = greeting
      },
      () => undefined,
    )
    duplex.start({
      data: (chunk) => this.#read(chunk),
      end: () => void duplex.close(),
      closed: (reason) => this.#end(reason),
    })
  }

  #greeting: Greeting | undefined

  /** What the server said first. */
  get greeting(): Greeting {
    return this.#greeting!
  }

  /** Settles when the connection has ended, for whatever reason. */
  get closed(): Promise<void> {
    return this.#duplex.closed
  }

  /**
   * Runs a command of the table and returns what it returns.
   *
   * @throws {CommandError} if the server refuses it
   * @throws {ConnectionLostError} if the connection ends before the answer
   * @throws {DeadlineError} if `timeoutMs` pass; or the reason of `signal`
   */
  execute<Name extends CommandName>(name: Name, ...[args, options]: Call<Name>): Promise<ReturnOf<Commands[Name]>> {
    return this.executeAny(name, args, options) as Promise<ReturnOf<Commands[Name]>>
  }

  /** Runs any command, of any server: as `execute`, but untyped. */
  async executeAny(
    name: string,
    args?: object,
    { signal, timeoutMs, outOfBand = false }: CallOptions = {},
  ): Promise<unknown> {
    signal?.throwIfAborted()
    if (this.#lost !== undefined) throw this.#lost
    const id = this.#nextId++
    const pending = deferred<Answer>()
    this.#pending.set(id, pending)
    const request = { [outOfBand ? 'exec-oob' : 'execute']: name, ...(args !== undefined && { arguments: args }), id }
    this.#duplex.write(`${print(request)}\n`)
    const limit = timeoutMs === undefined ? undefined : deadline(timeoutMs, signal, `Command ${name}`)
    let answer: Answer
    try {
      answer = await untilAborted(pending.promise, limit?.signal ?? signal)
    } finally {
      limit?.clear()
    }
    // Made here, and not where the answer was read, so that its stack names who has called.
    if ('refusal' in answer) throw new CommandError(name, answer.refusal.errorClass, answer.refusal.desc)
    return answer.value
  }

  /** Events from now on, until the connection ends; several iterators do not take each other's events. */
  events<Name extends EventName = EventName>(options: EventOptions<Name> = {}): BoundedQueue<QmpEvent<Name>> {
    return this.anyEvents(options) as BoundedQueue<any>
  }

  /** Events of any server: as `events`, but untyped. */
  anyEvents({ names, capacity = 1000 }: EventOptions<string> = {}): BoundedQueue<AnyQmpEvent> {
    const queue = new BoundedQueue<AnyQmpEvent>({ capacity })
    if (this.#lost === undefined) this.#listeners.set(queue, names && new Set(names))
    else queue.end()
    return queue
  }

  /**
   * Waits for an event that was not there yet when this was called.
   *
   * @throws {ConnectionLostError} if the connection ends before
   * @throws {DeadlineError} if `timeoutMs` pass; or the reason of `signal`
   */
  event<Name extends EventName>(name: Name, options: WaitForEventOptions = {}): Promise<QmpEvent<Name>> {
    return this.waitForEvent(name, () => true, options)
  }

  /** As `event`, but for one that `wanted` says yes to. */
  async waitForEvent<Name extends EventName>(
    name: Name,
    wanted: (event: QmpEvent<Name>) => boolean,
    { signal, timeoutMs }: WaitForEventOptions = {},
  ): Promise<QmpEvent<Name>> {
    const queue = this.events({ names: [name] })
    const limit = timeoutMs === undefined ? undefined : deadline(timeoutMs, signal, `Event ${name}`)
    try {
      for (;;) {
        const { value, done } = await untilAborted(queue.next(), limit?.signal ?? signal)
        if (done === true) throw this.#lost ?? new ConnectionLostError('the connection has ended')
        if (wanted(value)) return value
      }
    } finally {
      limit?.clear()
      queue.end()
      this.#listeners.delete(queue as BoundedQueue<any>)
    }
  }

  /** Sends what is queued and hangs up. Calls that wait are rejected. */
  close(): Promise<void> {
    return this.#duplex.close()
  }

  /** Hangs up at once. */
  destroy(reason?: Error): void {
    this.#duplex.destroy(reason)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #read(chunk: Uint8Array): void {
    this.#stream.feed(chunk)
    try {
      for (let message = this.#stream.next(); message !== undefined; message = this.#stream.next()) {
        if ('error' in message) throw new ProtocolError(`the server sent no JSON: ${message.error}`)
        this.#take(message.value)
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#greeted.reject(error)
      this.#duplex.destroy(error)
    }
  }

  #take(value: unknown): void {
    const message = readMessage(value)
    switch (message.kind) {
      case 'greeting':
        this.#state = 'open'
        this.#greeted.resolve(message.greeting)
        break
      case 'event':
        for (const [queue, names] of this.#listeners) {
          if (queue.ended) this.#listeners.delete(queue)
          else if (names === undefined || names.has(message.event.event)) queue.push(message.event)
        }
        break
      case 'return':
        this.#answered(message.id)?.resolve({ value: message.value })
        break
      case 'error': {
        const pending = this.#answered(message.id)
        if (pending === undefined) throw new ProtocolError(`the server complains: ${message.desc}`)
        pending.resolve({ refusal: message })
      }
    }
  }

  #answered(id: unknown): Deferred<Answer> | undefined {
    if (this.#state === 'greeting') throw new ProtocolError('the server answers before it greets')
    const pending = this.#pending.get(id as number)
    this.#pending.delete(id as number)
    return pending
  }

  #end(reason: Error | undefined): void {
    this.#state = 'closed'
    const cause = reason === undefined ? {} : { cause: reason }
    this.#lost = new ConnectionLostError('the connection has ended', cause)
    this.#greeted.reject(reason instanceof ProtocolError ? reason : this.#lost)
    for (const { reject } of this.#pending.values()) reject(this.#lost)
    this.#pending.clear()
    for (const queue of this.#listeners.keys()) queue.end()
    this.#listeners.clear()
  }
}
