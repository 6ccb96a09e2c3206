import {
  commands,
  type Extent,
  errorOfWire,
  ReplyParser,
  type ReplyPart,
  type Request,
  requestHeader,
} from '../../../nbd/index.ts'
import { failed, LinkLost } from './failures.ts'
import type { Terms } from './handshake.ts'
import type { Incoming } from './incoming.ts'

/** What is to be done; the bytes of a read come into `target`. */
export interface Call extends Omit<Request, 'cookie'> {
  readonly offset: number
  readonly target?: Uint8Array
  readonly bytes?: Uint8Array
}

interface Waiting {
  readonly call: Call
  /** Bytes of a read that have come. */
  read: number
  error: Error | undefined
  extents: readonly Extent[]
  resolve(extents: readonly Extent[]): void
  reject(error: Error): void
}

/** A connection to an export, after the haggling. When it is lost, so is every call that waits. */
export class Link {
  readonly terms: Terms
  readonly #incoming: Incoming
  readonly #parser: ReplyParser
  readonly #waiting = new Map<number, Waiting>()
  readonly #onLost: () => void
  #cookie = 0

  constructor(incoming: Incoming, terms: Terms, onLost: () => void) {
    this.terms = terms
    this.#incoming = incoming
    this.#onLost = onLost
    this.#parser = new ReplyParser(incoming.intake, {
      structured: terms.structured,
      reading: (cookie) => {
        const call = this.#waiting.get(Number(cookie))?.call
        return call?.target === undefined ? undefined : call
      },
    })
    incoming.listen(() => this.#receive())
  }

  get lost(): boolean {
    return this.#incoming.lost !== undefined
  }

  /**
   * @returns what a block status says; nothing for other commands
   * @throws {BlockError} what the server says; {LinkLost}
   */
  async call(call: Call): Promise<readonly Extent[]> {
    if (this.#incoming.lost !== undefined) throw this.#incoming.lost
    const cookie = ++this.#cookie
    const answered = new Promise<readonly Extent[]>((resolve, reject) => {
      this.#waiting.set(cookie, { call, read: 0, error: undefined, extents: [], resolve, reject })
    })
    // Whoever waits for room below hears of a loss from there.
    answered.catch(() => undefined)
    const { stream } = this.#incoming
    let room = stream.write(requestHeader({ ...call, cookie: BigInt(cookie) }))
    if (call.bytes !== undefined && call.bytes.byteLength > 0) room = stream.write(call.bytes)
    if (!room) await this.#incoming.room()
    return answered
  }

  /** Breaks the connection at once. */
  yank(): void {
    this.#incoming.giveUp(new LinkLost('yanked'))
  }

  /** Says good-bye. */
  async close(): Promise<void> {
    const leaving = { command: commands.disconnect, flags: 0, cookie: 0n, offset: 0, length: 0 }
    if (!this.lost) this.#incoming.stream.write(requestHeader(leaving))
    this.#incoming.listen(() => undefined)
    await this.#incoming.leave(new LinkLost('closed'))
  }

  #receive(): void {
    for (let part = this.#parser.next(); part !== undefined; part = this.#parser.next()) {
      if (part.kind === 'broken') {
        this.#incoming.giveUp(new LinkLost(part.reason))
        return
      }
      const wrong = this.#take(part)
      if (wrong === undefined) continue
      this.#incoming.giveUp(new LinkLost(wrong))
      return
    }
    if (this.#incoming.lost !== undefined) this.#fail(this.#incoming.lost)
  }

  /** @returns what is wrong with it */
  #take(part: Exclude<ReplyPart, { kind: 'broken' }>): string | undefined {
    const waiting = this.#waiting.get(Number(part.cookie))
    if (waiting === undefined) return 'Protocol error: reply to no request'
    switch (part.kind) {
      case 'data':
      case 'hole': {
        const { target, offset } = waiting.call
        const length = part.kind === 'data' ? part.bytes.byteLength : part.length
        const at = Number(part.offset) - offset
        if (target === undefined || at < 0 || at + length > target.byteLength) {
          return 'Protocol error: server sent chunk exceeding requested region'
        }
        if (part.kind === 'data') target.set(part.bytes, at)
        else target.fill(0, at, at + length)
        waiting.read += length
        break
      }
      case 'status':
        if (part.context !== this.terms.context) {
          return `Protocol error: unexpected context id ${part.context} for NBD_REPLY_TYPE_BLOCK_STATUS, when negotiated context id is ${this.terms.context}`
        }
        if (part.extents.some(({ length }) => length === 0)) {
          return 'Protocol error: server sent status chunk with zero length'
        }
        waiting.extents = part.extents
        break
      case 'error':
        waiting.error ??= failed(errorOfWire(part.error))
        break
      case 'done':
        break
    }
    if (part.done) this.#settle(Number(part.cookie), waiting)
    return undefined
  }

  #settle(cookie: number, waiting: Waiting): void {
    this.#waiting.delete(cookie)
    const { call, error, read, extents } = waiting
    // Not everything that was asked for has come, and nobody says why.
    const short = call.target !== undefined && read < call.target.byteLength
    if (error !== undefined) waiting.reject(error)
    else if (short || (call.command === commands.blockStatus && extents.length === 0)) waiting.reject(failed('EIO'))
    else waiting.resolve(extents)
  }

  #fail(reason: LinkLost): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(reason)
    this.#onLost()
  }
}
