import { type Deferred, deferred, untilAborted } from '../../../async/index.ts'
import { BlockError } from '../../block-error.ts'
import { type DebugEvent, debugEvents } from '../../graph/debug-events.ts'
import type { Breakpoints } from '../../open/driver.ts'

interface Stopped {
  readonly tag: string
  readonly going: Deferred<void>
}

/** The breakpoints of a node: each stops one request, which goes on when it is told to. */
export class Stops implements Breakpoints {
  readonly #set: { readonly event: DebugEvent; readonly tag: string }[] = []
  /** The newest first. */
  readonly #stopped: Stopped[] = []
  /** What the request waits for that comes next. */
  #next: Promise<void>[] = []
  #change = deferred<void>()
  readonly #print: (text: string) => void

  constructor(print: (text: string) => void) {
    this.#print = print
  }

  set(event: string, tag: string): void {
    const known = debugEvents.find((one) => one === event)
    if (known === undefined) {
      throw new BlockError('missing', `There is no event '${event}'`, { code: 'ENOENT' })
    }
    this.#set.push({ event: known, tag })
  }

  remove(tag: string): boolean {
    const before = this.#set.length
    for (let index = before - 1; index >= 0; index--) if (this.#set[index]!.tag === tag) this.#set.splice(index, 1)
    // As with QEMU, one at which a request has stopped is no more, though the request goes on.
    while (this.resume(tag));
    return this.#set.length < before
  }

  resume(tag: string): boolean {
    const index = this.#stopped.findIndex((one) => one.tag === tag)
    if (index === -1) return false
    this.#print(`blkdebug: Resuming request '${tag}'`)
    this.#stopped.splice(index, 1)[0]!.going.resolve()
    return true
  }

  async untilStopped(tag: string, signal: AbortSignal): Promise<void> {
    while (!this.#stopped.some((one) => one.tag === tag)) await untilAborted(this.#change.promise, signal)
  }

  /** The step has come: the request that belongs to it stops, if there is a breakpoint. */
  reach(event: DebugEvent): void {
    for (let index = this.#set.length - 1; index >= 0; index--) {
      const { event: wanted, tag } = this.#set[index]!
      if (wanted !== event) continue
      this.#set.splice(index, 1)
      const going = deferred<void>()
      this.#stopped.unshift({ tag, going })
      this.#next.push(going.promise)
      this.#print(`blkdebug: Suspended request '${tag}'`)
      this.#change.resolve()
      this.#change = deferred()
    }
  }

  /** Waits, if this is the request that is to stop. */
  pass(): Promise<unknown> | undefined {
    if (this.#next.length === 0) return undefined
    const waiting = this.#next
    this.#next = []
    return Promise.all(waiting)
  }
}
