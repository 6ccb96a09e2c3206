import { Scope } from '../async/index.ts'
import {
  type Address,
  connectTcp,
  connectUnix,
  type Duplex,
  type Listener,
  listenTcp,
  listenUnix,
  WebsocketDuplex,
} from '../transport/index.ts'
import { PictureEncoder } from './picture-encoder.ts'
import type { SharedScreen } from './shared-screen.ts'
import { VncClient } from './vnc-client.ts'
import type { VncDisplayParts } from './vnc-display-parts.ts'
import type { VncClientEnd, VncServerEnd } from './vnc-events.ts'
import type { VncAddress, VncDisplayConfig } from './vnc-options.ts'
import { type Expiry, VncPassword } from './vnc-password.ts'

export interface VncDisplayOptions extends Omit<VncDisplayParts, 'encoder' | 'password' | 'screen'> {
  readonly screen: SharedScreen
  /** The password that clients have to know, if it is set already. */
  readonly password?: string | undefined
}

/** What query-vnc-servers tells of a display. */
export interface VncDisplayInfo {
  readonly id: string
  readonly auth: VncAuth
  readonly server: readonly VncServerEnd[]
  readonly clients: readonly VncClientEnd[]
}

export type VncAuth = 'none' | 'vnc'

/** A display: where it listens, who looks at it, and whom it lets in. */
export class VncDisplay implements AsyncDisposable {
  readonly id: string
  readonly #config: VncDisplayConfig
  readonly #parts: VncDisplayParts
  readonly #password: VncPassword | undefined
  readonly #scope = new Scope()
  #listeners: { readonly listener: Listener; readonly websocket: boolean }[] = []
  /** The oldest first. */
  readonly #clients = new Set<VncClient>()

  private constructor(config: VncDisplayConfig, { password, ...options }: VncDisplayOptions) {
    this.id = config.id
    this.#config = config
    this.#password = config.password ? new VncPassword(password) : undefined
    this.#parts = {
      ...options,
      encoder: new PictureEncoder(options.screen),
      password: this.#password,
      emit: (name, server, client) => options.emit(name, server, client),
    }
  }

  /**
   * Opens a display: it listens, or connects to the viewer that waits.
   *
   * @throws {TransportError} if it cannot
   */
  static async open(config: VncDisplayConfig, options: VncDisplayOptions, signal?: AbortSignal): Promise<VncDisplay> {
    const display = new VncDisplay(config, options)
    try {
      if (config.reverse) for (const address of config.addresses) display.addClient(await connectTo(address, signal))
      else {
        await display.#listen(config.addresses, false, signal)
        await display.#listen(config.websockets, true, signal)
      }
    } catch (error) {
      await display.close()
      throw error
    }
    return display
  }

  get auth(): VncAuth {
    return this.#password === undefined ? 'none' : 'vnc'
  }

  info(): VncDisplayInfo {
    const server = this.#listeners.map(({ listener, websocket }) => this.#serverEnd(listener.address, websocket))
    return {
      id: this.id,
      auth: this.auth,
      server: server.reverse(),
      clients: [...this.#clients].map(({ end }) => end).reverse(),
    }
  }

  /** Listens there instead; who is connected stays. @throws {TransportError} if it cannot: it listens nowhere then */
  async listenAt(addresses: readonly VncAddress[]): Promise<void> {
    await this.#stopListening()
    await this.#listen(addresses, false)
  }

  /**
   * Serves somebody who is connected already.
   *
   * @param skipAuth - who need not prove who it is
   * @param websocket - who will ask for a WebSocket
   */
  addClient(duplex: Duplex, skipAuth = false, websocket = false): void {
    const client: VncClient = new VncClient({
      parts: this.#parts,
      duplex: websocket ? new WebsocketDuplex(duplex) : duplex,
      server: this.#server(),
      client: { ...endOf(duplex.remote, duplex.kind), websocket },
      skipAuth,
      admit: (who) => this.#admit(who),
    })
    this.#clients.add(client)
    void client.gone.then(() => this.#clients.delete(client))
    const connecting = [...this.#clients].filter(({ mode }) => mode === 'connecting')
    if (connecting.length > this.#config.connections) connecting[0]!.disconnect()
  }

  /** @returns false if clients need no password */
  setPassword(text: string): boolean {
    this.#password?.set(text)
    return this.#password !== undefined
  }

  expirePassword(at: Expiry): void {
    this.#password?.expire(at)
  }

  async close(): Promise<void> {
    await this.#stopListening()
    for (const client of this.#clients) client.disconnect()
    await Promise.all([...this.#clients].map(({ gone }) => gone))
    await this.#scope.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #listen(addresses: readonly VncAddress[], websocket: boolean, signal?: AbortSignal): Promise<void> {
    for (const address of addresses) {
      const options = {
        accept: (duplex: Duplex) => this.addClient(duplex, false, websocket),
        ...(signal !== undefined && { signal }),
      }
      const listener =
        address.type === 'unix' ? await listenUnix(address.path, options) : await listenTcp(address, options)
      this.#listeners.push({ listener, websocket })
    }
  }

  async #stopListening(): Promise<void> {
    const listeners = this.#listeners
    this.#listeners = []
    for (const { listener } of listeners) await listener.close()
  }

  /** Whether a client may share the screen as it wants to. */
  #admit(client: VncClient): boolean {
    const others = [...this.#clients].filter((other) => other !== client)
    const { share, connections } = this.#config
    if (share === 'force-shared' && client.mode === 'exclusive') return false
    if (share === 'allow-exclusive') {
      if (client.mode === 'shared' && others.some(({ mode }) => mode === 'exclusive')) return false
      if (client.mode === 'exclusive') for (const other of others) if (other.mode !== 'connecting') other.disconnect()
    }
    return [...this.#clients].filter(({ mode }) => mode === 'shared').length <= connections
  }

  #server(): VncServerEnd | undefined {
    const first = this.#listeners.find(({ websocket }) => !websocket)
    return first === undefined ? undefined : this.#serverEnd(first.listener.address, false)
  }

  #serverEnd(address: Address, websocket: boolean): VncServerEnd {
    return { ...endOf(address), auth: this.auth, websocket }
  }
}

function connectTo(address: VncAddress, signal: AbortSignal | undefined): Promise<Duplex> {
  const options = signal === undefined ? {} : { signal }
  return address.type === 'unix' ? connectUnix(address.path, options) : connectTcp(address, options)
}

/** An end of a connection as the wire shows it. */
function endOf(address: Address | undefined, kind?: Duplex['kind']): Omit<VncClientEnd, 'websocket'> {
  if (address?.type === 'inet')
    return { host: address.host, service: String(address.port), family: address.ipv6 ? 'ipv6' : 'ipv4' }
  if (address?.type === 'unix') return { host: '', service: address.path, family: 'unix' }
  return { host: '', service: '', family: kind === 'memory' ? 'unknown' : 'unix' }
}
