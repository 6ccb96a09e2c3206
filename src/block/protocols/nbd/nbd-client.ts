import { Scope } from '../../../async/index.ts'
import type { Extent } from '../../../nbd/index.ts'
import { delay } from '../../../timers/index.ts'
import { failed, LinkLost } from './failures.ts'
import { negotiate, type Terms, type Wish } from './handshake.ts'
import type { Incoming } from './incoming.ts'
import { type Call, Link } from './link.ts'
import { meet, type NbdServerPlace, told } from './meet.ts'

export interface NbdClientOptions extends Wish, NbdServerPlace {
  /** Milliseconds for which calls wait when the server has gone; 0: they fail. */
  readonly reconnectMs: number
  /** Milliseconds for which the first connection is tried again; 0: it is tried once. */
  readonly openMs: number
}

type State =
  | { readonly at: 'connected'; readonly link: Link }
  /** Nobody is there; `until` says how long calls wait, by `performance.now()`. */
  | { readonly at: 'lost'; readonly until: number; attempt: Promise<Link | undefined> | undefined }
  | { readonly at: 'closed' }

/** So many calls are with the server at once: more wait here. */
const mostCalls = 16
/** Milliseconds between two attempts to connect. */
const pause = { first: 50, longest: 1000 }

/**
 * An export of a server that may go away and come back: calls that were lost with a connection are made again on the
 * next one, within a time.
 */
export class NbdClient {
  readonly #options: NbdClientOptions
  readonly #scope = new Scope()
  #state: State
  #calls = 0
  readonly #queue: (() => void)[] = []
  /** As first agreed on: what comes later must be like it. */
  readonly terms: Terms

  private constructor(options: NbdClientOptions, incoming: Incoming, terms: Terms) {
    this.#options = options
    this.terms = terms
    this.#state = { at: 'connected', link: this.#linkOf(incoming, terms) }
  }

  /** @throws {BlockError} @throws {TransportError} if there is no such export */
  static async open(options: NbdClientOptions): Promise<NbdClient> {
    const until = performance.now() + options.openMs
    for (let wait = pause.first; ; wait = Math.min(2 * wait, pause.longest)) {
      try {
        const { incoming, terms } = await agree(options)
        return new NbdClient(options, incoming, terms)
      } catch (error) {
        if (performance.now() + wait > until) throw told(error)
        await delay(wait)
      }
    }
  }

  /**
   * @returns what a block status says; nothing for other commands
   * @throws {BlockError} kind `io` with the code EIO, if nobody is there
   */
  async call(call: Call): Promise<readonly Extent[]> {
    if (this.#calls >= mostCalls) await new Promise<void>((resolve) => this.#queue.push(resolve))
    this.#calls++
    try {
      return await this.#callUntilAnswered(call)
    } finally {
      this.#calls--
      this.#queue.shift()?.()
    }
  }

  /** Breaks the connection at once, for good: calls fail from now on, also those that wait for a connection. */
  yank(): void {
    const state = this.#state
    this.#state = { at: 'closed' }
    void this.#scope.close()
    if (state.at === 'connected') state.link.yank()
  }

  async close(): Promise<void> {
    const state = this.#state
    this.#state = { at: 'closed' }
    await this.#scope.close()
    if (state.at === 'connected') await state.link.close()
  }

  async #callUntilAnswered(call: Call): Promise<readonly Extent[]> {
    for (;;) {
      const link = await this.#link()
      if (link === undefined) throw failed('EIO')
      try {
        return await link.call(call)
      } catch (error) {
        if (!(error instanceof LinkLost)) throw error
        if (this.#options.reconnectMs === 0) throw failed('EIO')
      }
    }
  }

  /** The connection that there is, or that can be had in time. */
  #link(): Promise<Link | undefined> | Link | undefined {
    const state = this.#state
    if (state.at === 'closed') return undefined
    if (state.at === 'connected') return state.link
    state.attempt ??= this.#reconnect(state.until).finally(() => {
      state.attempt = undefined
    })
    return state.attempt
  }

  /** Tries once, and on while there is time. */
  async #reconnect(until: number): Promise<Link | undefined> {
    for (let wait = pause.first; ; wait = Math.min(2 * wait, pause.longest)) {
      try {
        const { incoming, terms } = await agree(this.#options, this.#scope.signal)
        if (terms.size !== this.terms.size || terms.flags !== this.terms.flags) {
          incoming.giveUp(new LinkLost('it is another export now'))
          return undefined
        }
        const link = this.#linkOf(incoming, terms)
        if (this.#state.at === 'closed') await link.close()
        else this.#state = { at: 'connected', link }
        return link
      } catch {
        if (!this.#scope.open || performance.now() + wait > until) return undefined
        await delay(wait, undefined, { signal: this.#scope.signal }).catch(() => undefined)
      }
    }
  }

  #linkOf(incoming: Incoming, terms: Terms): Link {
    return new Link(incoming, terms, () => {
      if (this.#state.at !== 'connected') return
      const { reconnectMs } = this.#options
      this.#state = { at: 'lost', until: reconnectMs === 0 ? 0 : performance.now() + reconnectMs, attempt: undefined }
    })
  }
}

async function agree(options: NbdClientOptions, signal?: AbortSignal): Promise<{ incoming: Incoming; terms: Terms }> {
  const { incoming, agreed } = await meet(options, (incoming, greeted) => negotiate(incoming, greeted, options), signal)
  return { incoming, terms: agreed }
}
