import { randomInt } from 'node:crypto'
import { type Expiry, type SharedScreen, ViewerPassword } from '../display/index.ts'
import type { GuestInput } from '../input/index.ts'
import {
  ChannelType,
  cursorInit,
  LinkError,
  LinkFailure,
  type LinkRequest,
  MouseMode,
  type OtherHost,
} from '../spice/index.ts'
import { type Duplex, type Listener, listenTcp, listenUnix, type SecureStream } from '../transport/index.ts'
import type { Channel, ChannelLine } from './channel.ts'
import { Connection } from './connection.ts'
import { DisplayChannel } from './display-channel.ts'
import { InputsChannel } from './inputs-channel.ts'
import { furtherChannels, MainChannel, type SpiceMachine } from './main-channel.ts'
import { MouseModeControl } from './mouse-modes.ts'
import type { SpiceChannelInfo, SpiceEnd } from './spice-events.ts'
import type { SpiceConfig } from './spice-options.ts'
import { TicketKeys } from './spice-ticket.ts'

/** What becomes of who is connected when the password changes. */
export type Connected = 'keep' | 'fail' | 'disconnect'

export type SpiceNews =
  | { readonly name: 'SPICE_CONNECTED' | 'SPICE_DISCONNECTED'; readonly server: SpiceEnd; readonly client: SpiceEnd }
  | {
      readonly name: 'SPICE_INITIALIZED'
      readonly server: SpiceEnd & { readonly auth: 'none' | 'spice' }
      readonly client: SpiceChannelInfo
    }
  | { readonly name: 'SPICE_MIGRATE_COMPLETED' }

export interface SpiceServerOptions {
  readonly screen: SharedScreen
  readonly input: GuestInput
  readonly machine: SpiceMachine
  /** Encrypts what is said at the port for TLS, which there is only with this. */
  readonly secure: ((plain: Duplex) => Promise<SecureStream>) | undefined
  /** The password that clients have to know, if it is set already. */
  readonly password: string | undefined
  readonly tell: (news: SpiceNews) => void
  readonly log: (what: string, error: unknown) => void
}

/** What query-spice tells. */
export interface SpiceInfo {
  readonly migrated: boolean
  readonly host: string
  readonly port: number | undefined
  readonly tlsPort: number | undefined
  readonly auth: 'none' | 'spice'
  readonly mouseMode: 'client' | 'server'
  readonly channels: readonly SpiceChannelInfo[]
}

/** Connections that have not proved yet who they are: of more, the oldest go. */
export const mostStrangers = 32

/** Shows a screen to a SPICE client: one at a time, as QEMU does it; who comes later sends the earlier one away. */
export class SpiceServer implements AsyncDisposable {
  readonly #config: SpiceConfig
  readonly #options: SpiceServerOptions
  readonly #password: ViewerPassword | undefined
  readonly #modes: MouseModeControl
  readonly #listeners: Listener[] = []
  /** The oldest first. */
  readonly #connections = new Set<Connection>()
  /** Those that have not proved yet who they are, and have not been sent away, the oldest first. */
  readonly #strangers = new Set<Connection>()
  readonly #ticketKeys = new TicketKeys()
  #target: OtherHost | undefined
  #migrated = false

  private constructor(config: SpiceConfig, options: SpiceServerOptions) {
    this.#config = config
    this.#options = options
    this.#password = config.ticketing ? new ViewerPassword(options.password) : undefined
    this.#modes = new MouseModeControl(options.input, () => {
      for (const { channel } of this.#connections) if (channel instanceof MainChannel) channel.tellModes()
    })
  }

  /** Opens what the configuration says. @throws {TransportError} if it cannot listen there */
  static async open(config: SpiceConfig, options: SpiceServerOptions, signal?: AbortSignal): Promise<SpiceServer> {
    const server = new SpiceServer(config, options)
    try {
      await server.#listen(signal)
    } catch (error) {
      await server.close()
      throw error
    }
    return server
  }

  info(): SpiceInfo {
    const { host, port, tlsPort } = this.#config
    const channels = [...this.#connections].flatMap(({ info }) => (info === undefined ? [] : [info]))
    const mouseMode = this.#modes.modes.current === MouseMode.client ? 'client' : 'server'
    return { migrated: this.#migrated, host, port, tlsPort, auth: this.#auth, mouseMode, channels }
  }

  /**
   * Sets what clients have to know.
   *
   * @returns false if they need not know anything, or somebody is connected and that is not wanted
   */
  setPassword(text: string, connected: Connected): boolean {
    if (this.#password === undefined) return false
    const clients = [...this.#connections].filter(({ channel }) => channel !== undefined)
    if (connected === 'fail' && clients.length > 0) return false
    if (connected === 'disconnect') for (const client of clients) client.disconnect()
    this.#password.set(text)
    return true
  }

  expirePassword(at: Expiry): void {
    this.#password?.expire(at)
  }

  /**
   * Serves somebody who is connected already.
   *
   * @returns false if it is to be by TLS, and there is none
   */
  addClient(connection: () => Duplex, { skipAuth, tls }: { skipAuth: boolean; tls: boolean }): boolean {
    if (tls && this.#options.secure === undefined) return false
    this.#add(connection(), { skipAuth, tls })
    return true
  }

  /** Where clients are to go on when the machine has gone elsewhere. */
  goesTo(host: OtherHost): void {
    this.#target = host
  }

  /** The machine has gone elsewhere. */
  gone(): void {
    const target = this.#target
    if (target === undefined) return
    this.#target = undefined
    this.#migrated = true
    for (const { channel } of this.#connections) if (channel instanceof MainChannel) channel.goTo(target)
    this.#options.tell({ name: 'SPICE_MIGRATE_COMPLETED' })
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()))
    for (const connection of this.#connections) connection.disconnect()
    await Promise.all([...this.#connections].map(({ gone }) => gone))
    this.#modes.end()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #auth(): 'none' | 'spice' {
    return this.#password === undefined ? 'none' : 'spice'
  }

  async #listen(signal?: AbortSignal): Promise<void> {
    const { unix, port, tlsPort, address, ipv4, ipv6 } = this.#config
    const accept = (tls: boolean) => ({
      accept: (duplex: Duplex) => this.#add(duplex, { skipAuth: false, tls }),
      ...(signal !== undefined && { signal }),
    })
    if (unix !== undefined) this.#listeners.push(await listenUnix(unix, accept(false)))
    const families = { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) }
    const target = (number: number) => ({ host: address ?? '', port: String(number), ...families })
    if (port !== undefined) this.#listeners.push(await listenTcp(target(port), accept(false)))
    if (tlsPort !== undefined) this.#listeners.push(await listenTcp(target(tlsPort), accept(true)))
  }

  #add(duplex: Duplex, { skipAuth, tls }: { skipAuth: boolean; tls: boolean }): void {
    const { secure, tell, log } = this.#options
    const connection: Connection = new Connection({
      duplex,
      secure: tls ? secure : undefined,
      securityOf: (type) => this.#config.security.get(type) ?? this.#config.usualSecurity,
      password: skipAuth ? undefined : this.#password,
      ticketKeys: this.#ticketKeys,
      open: (request, line) => {
        this.#strangers.delete(connection)
        return this.#open(connection, request, line)
      },
      opened: ({ server, info }) =>
        tell({ name: 'SPICE_INITIALIZED', server: { ...server, auth: this.#auth }, client: info! }),
      log,
    })
    const { server, client } = connection
    tell({ name: 'SPICE_CONNECTED', server, client })
    this.#connections.add(connection)
    this.#strangers.add(connection)
    void connection.gone.then(() => {
      this.#connections.delete(connection)
      this.#strangers.delete(connection)
      if (connection.channel instanceof MainChannel) this.#endSession(connection.session)
      tell({ name: 'SPICE_DISCONNECTED', server, client })
    })
    this.#boundStrangers()
  }

  #boundStrangers(): void {
    for (const stranger of this.#strangers) {
      if (this.#strangers.size <= mostStrangers) return
      this.#strangers.delete(stranger)
      stranger.disconnect()
    }
  }

  #endSession(session: number): void {
    for (const connection of this.#connections) if (connection.session === session) connection.disconnect()
  }

  /** @throws {LinkFailure} if there is no such channel for that client */
  #open(connection: Connection, request: LinkRequest, line: ChannelLine): Channel {
    const { connectionId, channelType, channelId } = request
    if (channelType === ChannelType.main) {
      if (connectionId !== 0) throw new LinkFailure(LinkError.badConnectionId, 'a session begins with number 0')
      for (const other of this.#connections) if (other.channel !== undefined) other.disconnect()
      const session = randomInt(1, 2 ** 32)
      connection.belongsTo(session)
      return this.#mainChannel(session, line)
    }
    const siblings = [...this.#connections].filter(({ session }) => session === connectionId)
    if (connectionId === 0 || siblings.length === 0)
      throw new LinkFailure(LinkError.badConnectionId, `there is no session ${connectionId}`)
    const known = furtherChannels.some((type) => type === channelType)
    if (!known || channelId !== 0 || siblings.some((sibling) => sibling.channelType === channelType))
      throw new LinkFailure(LinkError.channelNotAvailable, `there is no channel ${channelType}:${channelId}`)
    connection.belongsTo(connectionId)
    return this.#furtherChannel(channelType, line)
  }

  #mainChannel(session: number, line: ChannelLine): Channel {
    return new MainChannel({
      session,
      machine: this.#options.machine,
      modes: () => this.#modes.modes,
      requestMode: (mode) => this.#modes.request(mode),
      line,
    })
  }

  #furtherChannel(type: number, line: ChannelLine): Channel {
    const { screen, input } = this.#options
    if (type === ChannelType.display) return new DisplayChannel(screen, line, this.#config.compressed)
    if (type === ChannelType.inputs) return new InputsChannel({ input, screen, line })
    return { begin: () => void line.send(cursorInit()), take: () => undefined, end: () => undefined }
  }
}
