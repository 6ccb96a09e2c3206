import { ByteInbox } from '../bytes/index.ts'
import type { ViewerPassword } from '../display/index.ts'
import {
  CommonCapability,
  LinkError,
  LinkFailure,
  type LinkRequest,
  linkResult,
  MessagePrinter,
  type OutMessage,
  readMessage,
  SpiceError,
} from '../spice/index.ts'
import { clearTimeout, setTimeout } from '../timers/index.ts'
import { closeWithin, type Duplex, type SecureStream } from '../transport/index.ts'
import type { Channel, ChannelLine } from './channel.ts'
import { type ChannelSecurity, linkIn } from './link-in.ts'
import { type SpiceChannelInfo, type SpiceEnd, spiceEnd } from './spice-events.ts'
import type { TicketKeys } from './spice-ticket.ts'

/** How much may wait to be read, or to be sent beside pictures, before the client is not read from any more; in bytes. */
const enough = { toRead: 1 << 17, toSend: 1 << 20 } as const
/** How long a client may take to prove who it is, and to read what was said last; in milliseconds. */
const patience = { link: 30_000, end: 1000 } as const

export interface ConnectionOptions {
  readonly duplex: Duplex
  /** Encrypts what is said; undefined if it is said in the clear. */
  readonly secure: ((plain: Duplex) => Promise<SecureStream>) | undefined
  readonly securityOf: (channelType: number) => ChannelSecurity
  /** What clients have to know; undefined if they need not prove who they are. */
  readonly password: ViewerPassword | undefined
  readonly ticketKeys: TicketKeys
  /** What the client has asked for; it has proved who it is. @throws {LinkFailure} if it cannot have it */
  readonly open: (request: LinkRequest, line: ChannelLine) => Channel
  readonly opened: (connection: Connection) => void
  readonly log: (what: string, error: unknown) => void
}

/** One connection of a client: a channel, once it has proved who it is. */
export class Connection {
  readonly server: SpiceEnd
  readonly client: SpiceEnd
  readonly secured: boolean
  /** Settles when it is over. */
  readonly gone: Promise<void>
  readonly #options: ConnectionOptions
  #duplex: Duplex
  readonly #inbox: ByteInbox
  readonly #over = new AbortController()
  #reading = true
  #drained: (() => void) | undefined
  #request: LinkRequest | undefined
  #session = 0
  #channel: Channel | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#duplex = options.duplex
    this.server = spiceEnd(options.duplex.local)
    this.client = spiceEnd(options.duplex.remote)
    this.secured = options.secure !== undefined
    this.#inbox = new ByteInbox(() => this.#flow())
    this.gone = this.#run()
  }

  /** The channel, when it is open. */
  get channel(): Channel | undefined {
    return this.#channel
  }

  get channelType(): number | undefined {
    return this.#request?.channelType
  }

  get session(): number {
    return this.#session
  }

  /** What is told of the channel when it is open. */
  get info(): SpiceChannelInfo | undefined {
    if (this.#channel === undefined || this.#request === undefined) return undefined
    return {
      ...this.client,
      'connection-id': this.#session | 0,
      'channel-type': this.#request.channelType,
      'channel-id': this.#request.channelId,
      tls: this.secured,
    }
  }

  disconnect(): void {
    this.#end('the client was sent away')
    this.#duplex.destroy()
  }

  /** @param session - that the channel belongs to, as its client is told */
  belongsTo(session: number): void {
    this.#session = session
  }

  async #run(): Promise<void> {
    const { log } = this.#options
    try {
      await this.#serve()
    } catch (error) {
      // Whatever a client does ends its own connection, and nothing else.
      log('a client is gone', error)
    } finally {
      this.#channel?.end()
      await closeWithin(this.#duplex, patience.end)
    }
  }

  async #serve(): Promise<void> {
    const { open, opened, secure, securityOf, password, ticketKeys } = this.#options
    const tooSlow = setTimeout(() => this.disconnect(), patience.link)
    let request: LinkRequest
    try {
      if (secure !== undefined) this.#duplex = (await secure(this.#duplex)).stream
      this.#listen()
      const write = (bytes: Uint8Array): boolean => this.#duplex.write(bytes)
      const makeKey = () => ticketKeys.next(this.#over.signal)
      request = await linkIn({ inbox: this.#inbox, write, secured: this.secured, securityOf, password, makeKey })
    } finally {
      clearTimeout(tooSlow)
    }
    this.#request = request
    const mini = (request.commonCapabilities & CommonCapability.miniHeader) !== 0
    const printer = new MessagePrinter(mini)
    const send = ({ type, body }: OutMessage): boolean => this.#duplex.write(printer.print(type, body))
    const channel = this.#open(() => open(request, { send }))
    this.#duplex.write(linkResult(LinkError.ok))
    this.#channel = channel
    opened(this)
    channel.begin()
    for (;;) {
      channel.take(await readMessage(this.#inbox, mini))
      if (this.#duplex.buffered > enough.toSend) await this.#emptied()
    }
  }

  #open(open: () => Channel): Channel {
    try {
      return open()
    } catch (error) {
      if (error instanceof LinkFailure) this.#duplex.write(linkResult(error.number))
      throw error
    }
  }

  #listen(): void {
    this.#duplex.start({
      data: (chunk) => {
        this.#inbox.push(chunk)
        this.#flow()
      },
      drain: () => {
        this.#channel?.drained?.()
        this.#drained?.()
      },
      end: () => this.#end('the client has ended the connection'),
      closed: () => {
        this.#end('the connection is closed')
        this.#drained?.()
      },
    })
  }

  #end(why: string): void {
    const error = new SpiceError(why)
    this.#inbox.end(error)
    this.#over.abort(error)
  }

  /** Waits until the client reads, or is gone. */
  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve
    })
  }

  /** Reads on, or not, as much as waits to be dealt with. */
  #flow(): void {
    const room = this.#inbox.buffered < enough.toRead
    if (room === this.#reading) return
    this.#reading = room
    if (room) this.#duplex.resume()
    else this.#duplex.pause()
  }
}
