import { deadline, Scope } from '../async/index.ts'
import { type Expiry, type SharedScreen, ViewerPassword } from '../display/index.ts'
import { QmpError } from '../qapi/index.ts'
import {
  type Address,
  addressText,
  connectTcp,
  connectUnix,
  type Duplex,
  type Listener,
  listenTcp,
  listenUnix,
  WebsocketDuplex,
} from '../transport/index.ts'
import { PictureEncoder } from './picture-encoder.ts'
import { VncClient } from './vnc-client.ts'
import type { VncDisplayParts, VncTls } from './vnc-display-parts.ts'
import {
  authText,
  type VncAuth,
  type VncClientEnd,
  type VncEventServer,
  type VncServerEnd,
  type vncEvents,
} from './vnc-events.ts'
import type { VncAddress, VncDisplayConfig } from './vnc-options.ts'

export interface VncDisplayOptions extends Omit<VncDisplayParts, 'encoder' | 'password' | 'screen' | 'tls' | 'emit'> {
  readonly screen: SharedScreen
  readonly tls?: VncTls | undefined
  readonly emit: (name: keyof typeof vncEvents, server: VncEventServer | undefined, client: VncClientEnd) => void
  /** The password that clients have to know, if it is set already. */
  readonly password?: string | undefined
}

/** What query-vnc-servers tells of a display. */
export interface VncDisplayInfo {
  readonly id: string
  readonly auth: VncAuth['auth']
  readonly vencrypt?: NonNullable<VncAuth['vencrypt']>
  readonly server: readonly VncServerEnd[]
  readonly clients: readonly VncClientEnd[]
}

/** How long a browser may take to agree on TLS, in milliseconds. */
const patience = 30_000

interface Arrival {
  readonly skipAuth: boolean
  readonly websocket: boolean
  readonly end: Omit<VncClientEnd, 'websocket'>
}

/** A display: where it listens, who looks at it, and whom it lets in. */
export class VncDisplay implements AsyncDisposable {
  readonly id: string
  readonly #config: VncDisplayConfig
  readonly #parts: VncDisplayParts
  readonly #password: ViewerPassword | undefined
  readonly #scope = new Scope()
  #listeners: { readonly listener: Listener; readonly websocket: boolean }[] = []
  /** The oldest first. */
  readonly #clients = new Set<VncClient>()

  private constructor(config: VncDisplayConfig, { password, ...options }: VncDisplayOptions) {
    this.id = config.id
    this.#config = config
    this.#password = config.password ? new ViewerPassword(password) : undefined
    this.#parts = {
      ...options,
      tls: options.tls,
      encoder: new PictureEncoder(options.screen),
      password: this.#password,
      emit: (name, server, client) => options.emit(name, server && withAuthText(server), client),
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

  /** How viewers have to prove who they are, beside those in browsers. */
  get auth(): VncAuth {
    const { tls } = this.#parts
    const auth = this.#plainAuth
    return tls === undefined ? { auth } : { auth: 'vencrypt', vencrypt: `${tls.kind}-${auth}` }
  }

  get #plainAuth(): 'none' | 'vnc' {
    return this.#password === undefined ? 'none' : 'vnc'
  }

  info(): VncDisplayInfo {
    const server = this.#listeners.map(({ listener, websocket }) => this.#serverEnd(listener.address, websocket))
    return {
      id: this.id,
      ...this.auth,
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
    const { tls } = this.#parts
    if (websocket && tls !== undefined) void this.#addSecured(duplex, tls)
    else this.#add(duplex, { skipAuth, websocket, end: addressText(duplex.remote, duplex.kind) })
  }

  /** Browsers speak TLS before they ask for a WebSocket. */
  async #addSecured(plain: Duplex, tls: VncTls): Promise<void> {
    const giveUp = (): void => plain.destroy()
    this.#scope.own(giveUp)
    const { signal, clear } = deadline(patience)
    signal.addEventListener('abort', giveUp)
    try {
      const { stream, peerName } = await tls.secure(plain)
      const end = { ...addressText(plain.remote, plain.kind), ...(peerName !== undefined && { x509_dname: peerName }) }
      if (this.#scope.open) this.#add(stream, { skipAuth: false, websocket: true, end })
      else stream.destroy()
    } catch (error) {
      this.#parts.log('a browser could not be let in', error)
    } finally {
      clear()
      this.#scope.release(giveUp)
    }
  }

  #add(duplex: Duplex, { skipAuth, websocket, end }: Arrival): void {
    const client: VncClient = new VncClient({
      parts: this.#parts,
      duplex: websocket ? new WebsocketDuplex(duplex) : duplex,
      server: this.#server(),
      client: { ...end, websocket },
      secured: websocket,
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
    return this.auth.auth !== 'none'
  }

  /** Reads certificates again. @throws {QmpError} in QEMU's words, if there are none, or they cannot be read */
  reloadCertificates(): void {
    const { tls } = this.#parts
    if (tls === undefined) throw new QmpError('GenericError', 'vnc tls is not enabled')
    tls.reload()
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
    return { ...addressText(address), ...(websocket ? { auth: this.#plainAuth } : this.auth), websocket }
  }
}

function connectTo(address: VncAddress, signal: AbortSignal | undefined): Promise<Duplex> {
  const options = signal === undefined ? {} : { signal }
  return address.type === 'unix' ? connectUnix(address.path, options) : connectTcp(address, options)
}

/** Events tell how clients prove who they are in one word. */
function withAuthText(server: VncServerEnd): VncEventServer {
  const { vencrypt: _, ...end } = server
  return { ...end, auth: authText(server) }
}
