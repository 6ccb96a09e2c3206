import type { BlockError } from '../block/index.ts'
import {
  type ByteIntake,
  commandFlags,
  commandName,
  commands,
  errorChunk,
  errors,
  largestTransfer,
  type Request,
  RequestParser,
  simpleReply,
  statusChunk,
} from '../nbd/index.ts'
import { wireErrorOf } from './failure.ts'
import type { Agreement } from './haggling.ts'
import { MemoryPool } from './memory-pool.ts'
import { extentsOf } from './meta-contexts.ts'
import { type ReadReply, type ReadRequest, simpleRead, sparseRead, wholeRead } from './read-replies.ts'

/** How a client is reached. */
export interface TransmissionPeer {
  /** @returns bytes that wait to be sent */
  send(bytes: Uint8Array): number
  /** Settles when what waits has gone, or nobody is there any more. */
  sent(): Promise<void>
  /** A request has been served: there may be room for the next. */
  served(): void
  /** The client is to go; `reason`, if it is to blame, in QEMU's words. */
  end(reason?: string): void
}

/** A client may have so many requests served at once, and bytes of them in memory: more wait, unread. */
const most = { requests: 16, bytes: 16 * 2 ** 20 }

type Checked = { readonly problem: string; readonly fatal: boolean } | { readonly request: ReadRequest }

/**
 * Serves the requests of one client, several at a time. Replies come as they are ready. Who does not read them is not
 * served any further: what it costs in memory is bounded by `most`.
 */
export class Transmission {
  readonly #agreement: Agreement
  readonly #parser: RequestParser
  readonly #peer: TransmissionPeer
  #requests = 0
  #bytes = 0
  #waiting = 0
  readonly #pool = new MemoryPool()
  /** Memory that is being sent: free when so many bytes have gone. */
  readonly #sending: { readonly until: number; readonly memory: Uint8Array }[] = []
  #written = 0
  /** What the bytes of the write that is being read go to. */
  #filling: Uint8Array | undefined
  #over = false
  readonly #quiet: (() => void)[] = []

  constructor(agreement: Agreement, intake: ByteIntake, peer: TransmissionPeer) {
    this.#agreement = agreement
    this.#parser = new RequestParser(intake, (length) => this.#takeForWrite(length))
    this.#peer = peer
  }

  /** Whether a request has begun and is not yet whole. */
  get amid(): boolean {
    return this.#parser.amid
  }

  /** Whether what comes from the client can be taken now. */
  get takes(): boolean {
    return this.#requests < most.requests && this.#bytes + this.#waiting < most.bytes
  }

  /** Settles when nothing is being served, and nothing of what has come waits for that. */
  async quiet(): Promise<void> {
    while (this.#requests > 0) await new Promise<void>((resolve) => this.#quiet.push(resolve))
  }

  /** Serves nothing more; what is being served is finished, and not answered. */
  stop(): void {
    this.#over = true
  }

  /** The client has taken what was sent to it, but for some bytes. */
  drained(waiting: number): void {
    this.#settle(waiting)
  }

  /** Takes requests that have come, as long as there is room. */
  pump(): void {
    while (!this.#over && this.takes) {
      const message = this.#parser.next()
      if (message === undefined) return
      if (message.kind === 'broken') {
        this.#end(message.reason)
        return
      }
      if (message.request.command === commands.disconnect) {
        this.#end()
        return
      }
      this.#accept(message.request, message.payload)
    }
  }

  #accept(request: Request, payload: Uint8Array | undefined): void {
    const checked = this.#check(request)
    if ('problem' in checked) {
      this.#fail(request, errors.EINVAL, checked.problem)
      // The bytes of the write cannot be told from requests.
      if (checked.fatal) this.#end('Request handling failed in intermediate state')
      return
    }
    const held = request.command === commands.read ? request.length : (payload?.byteLength ?? 0)
    const memory = payload !== undefined && payload.buffer === this.#filling?.buffer ? this.#filling : undefined
    this.#requests++
    this.#bytes += held
    this.#serve(checked.request, payload ?? nothing)
      .catch((error: unknown) => this.#end(`Failed to send reply: ${(error as Error).message}`))
      .finally(() => {
        if (memory !== undefined) this.#pool.give(memory)
        this.#requests--
        this.#bytes -= held
        if (this.#requests === 0) for (const settle of this.#quiet.splice(0)) settle()
        this.#peer.served()
      })
  }

  #takeForWrite(length: number): Uint8Array {
    this.#filling = this.#pool.take(length)
    return this.#filling.subarray(0, length)
  }

  #check(request: Request): Checked {
    const { command, flags, offset, length } = request
    const { writable, size } = this.#agreement.export
    const moves = command === commands.read || command === commands.write || command === commands.cache
    if (moves && length > largestTransfer) {
      const problem = `len (${length} ) is larger than max len (${largestTransfer})`
      return { problem, fatal: command === commands.write }
    }
    if (!writable && writes.has(command)) return { problem: 'Export is read-only', fatal: false }
    if (offset > size || length > size - Number(offset)) {
      return { problem: `operation past EOF; From: ${offset}, Len: ${length}, Size: ${size}`, fatal: false }
    }
    if ((flags & ~this.#knownFlags(command)) !== 0) {
      const problem = `unsupported flags for command ${commandName(command)} (got 0x${flags.toString(16)})`
      return { problem, fatal: false }
    }
    return { request: request as ReadRequest }
  }

  #knownFlags(command: number): number {
    const { fua, df, noHole, fastZero, reqOne } = commandFlags
    if (command === commands.read && this.#agreement.structured) return fua | df
    if (command === commands.writeZeroes) return fua | noHole | fastZero
    return command === commands.blockStatus ? fua | reqOne : fua
  }

  async #serve(request: ReadRequest, payload: Uint8Array): Promise<void> {
    const { export: target } = this.#agreement
    const { command, offset, length } = request
    const fua = (request.flags & commandFlags.fua) !== 0
    switch (command) {
      case commands.read:
        return this.#read(request, fua)
      case commands.write:
        return this.#act(request, target.write(offset, payload, { fua }), 'writing to file failed')
      case commands.writeZeroes: {
        const unmap = (request.flags & commandFlags.noHole) === 0
        const fast = (request.flags & commandFlags.fastZero) !== 0
        const work = target.writeZeroes(offset, length, { fua, unmap, fast })
        return this.#act(request, work, 'writing to file failed')
      }
      case commands.trim:
        return this.#act(request, target.trim(offset, length, { fua }), 'discard failed')
      case commands.flush:
        return this.#act(request, target.flush(), 'flush failed')
      case commands.cache:
        // What the host has read before it keeps by itself.
        return this.#act(request, Promise.resolve(), 'caching data failed')
      case commands.blockStatus:
        return this.#status(request)
      default:
        this.#fail(request, errors.EINVAL, `invalid request type (${command}) received`)
    }
  }

  async #act(request: Request, work: Promise<void>, failure: string): Promise<void> {
    try {
      await work
    } catch (error) {
      this.#fail(request, wireErrorOf(error), failure)
      return
    }
    this.#send({ bytes: simpleReply(request.cookie, 0) })
  }

  async #read(request: ReadRequest, fua: boolean): Promise<void> {
    const { export: source, structured } = this.#agreement
    const from = { source, pool: this.#pool }
    try {
      if (fua) await source.flush()
    } catch (error) {
      this.#fail(request, wireErrorOf(error), 'flush failed')
      return
    }
    if (structured && (request.flags & commandFlags.df) === 0 && request.length > 0) {
      await this.#readSparse(request)
      return
    }
    let reply: ReadReply
    try {
      reply = structured ? await wholeRead(from, request) : await simpleRead(from, request)
    } catch (error) {
      this.#fail(request, wireErrorOf(error), 'reading from file failed')
      return
    }
    this.#send(reply)
  }

  /** A failure amid the chunks ends the connection, as it does with QEMU. */
  async #readSparse(request: ReadRequest): Promise<void> {
    try {
      await sparseRead({ source: this.#agreement.export, pool: this.#pool }, request, (reply) => {
        this.#send(reply)
        return this.#waiting > most.bytes ? this.#peer.sent() : undefined
      })
    } catch (error) {
      throw new Error(`reading from file failed: ${(error as BlockError).message}`, { cause: error })
    }
  }

  async #status(request: ReadRequest): Promise<void> {
    const { contexts } = this.#agreement
    const { cookie, offset, length, flags } = request
    if (length === 0) {
      this.#fail(request, errors.EINVAL, 'need non-zero length')
      return
    }
    if (contexts.length === 0) {
      this.#fail(request, errors.EINVAL, 'CMD_BLOCK_STATUS not negotiated')
      return
    }
    for (const [index, context] of contexts.entries()) {
      try {
        const extents = await extentsOf(context, offset, length, (flags & commandFlags.reqOne) !== 0)
        this.#send({ bytes: statusChunk({ cookie, done: index === contexts.length - 1 }, context.id, extents) })
      } catch (error) {
        this.#fail(request, wireErrorOf(error), "can't get block status")
        return
      }
    }
  }

  #fail({ cookie }: Request, error: number, message: string): void {
    const { structured } = this.#agreement
    this.#send({ bytes: structured ? errorChunk({ cookie, done: true }, error, message) : simpleReply(cookie, error) })
  }

  #send({ bytes, memory }: ReadReply): void {
    if (this.#over) return
    this.#written += bytes.byteLength
    if (memory !== undefined) this.#sending.push({ until: this.#written, memory })
    this.#settle(this.#peer.send(bytes))
  }

  /** @param waiting - bytes that have been written, and not sent */
  #settle(waiting: number): void {
    this.#waiting = waiting
    const gone = this.#written - waiting
    while (this.#sending.length > 0 && this.#sending[0]!.until <= gone) this.#pool.give(this.#sending.shift()!.memory)
  }

  #end(reason?: string): void {
    if (this.#over) return
    this.#over = true
    this.#peer.end(reason)
  }
}

const nothing = new Uint8Array(0)
const writes: ReadonlySet<number> = new Set([commands.write, commands.writeZeroes, commands.trim])
