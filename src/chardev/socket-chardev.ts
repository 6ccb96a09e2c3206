import { deferred, Scope } from '../async/index.ts'
import { clearTimeout, setTimeout } from '../timers/index.ts'
import {
  type Address,
  connectTcp,
  connectUnix,
  type Duplex,
  isSocket,
  type Listener,
  type ListenOptions,
  listenFd,
  listenTcp,
  listenUnix,
  openFd,
} from '../transport/index.ts'
import type { Chardev, Frontend } from './chardev.ts'
import { ChardevError } from './chardev-error.ts'
import { Connections } from './connections.ts'
import type { DeviceLog } from './device-log.ts'
import { entered, type Secure, type SecuringObjects } from './enter.ts'
import type { SocketBackend, SocketTarget } from './options.ts'
import { socketFilename } from './socket-filename.ts'
import { telnetStream } from './telnet-stream.ts'

/** The longest time that a timer can be set to, in milliseconds. */
const maxTimeout = 2 ** 31 - 1

/** What a device is opened with, beside its options. */
interface SocketSurroundings {
  readonly signal?: AbortSignal | undefined
  readonly log?: DeviceLog | undefined
  /** Hears why a connection that is tried again has failed. */
  readonly complain?: ((text: string) => void) | undefined
  /** Finds what streams are secured with. */
  readonly securing?: SecuringObjects | undefined
}

/** A socket that listens and serves whoever connects, or that connects itself. */
export class SocketChardev implements Chardev {
  readonly label: string
  readonly awaited: Promise<void> | undefined
  readonly #backend: SocketBackend
  #complain: SocketSurroundings['complain']
  #failing = false
  readonly #connections: Connections
  readonly #scope = new Scope()
  readonly #connectedOnce = deferred()
  #listener: Listener | undefined
  #secure: Secure | undefined
  /** Those with whom it is still to be agreed on how to speak. */
  readonly #entering = new Set<Duplex>()
  #fullyTaken = false

  private constructor(label: string, backend: SocketBackend, log: DeviceLog | undefined) {
    this.label = label
    this.#backend = backend
    this.#connections = new Connections({ label, limit: backend.clients, full: (full) => this.#full(full), log })
    this.awaited = backend.wait ? this.#connectedOnce.promise : undefined
    // Who does not wait for the first client need not hear that it never came.
    this.#connectedOnce.promise.catch(() => undefined)
  }

  /**
   * Listens or connects.
   *
   * @throws {TransportError} if that cannot be; a client that is to reconnect tries again instead
   */
  static async open(
    label: string,
    backend: SocketBackend,
    { signal, log, complain, securing }: SocketSurroundings = {},
  ): Promise<SocketChardev> {
    const secure = securingOf(backend, securing)
    const device = new SocketChardev(label, backend, log)
    device.#complain = complain
    device.#secure = secure
    if (backend.server) await device.#listen(signal)
    else await device.#connectFirst(signal)
    return device
  }

  get filename(): string {
    return socketFilename(this.#backend, this.#listener?.address, this.#connections.first)
  }

  /** Whether somebody is connected. */
  get connected(): boolean {
    return this.#connections.first !== undefined
  }

  /** Where it listens, or connects to. */
  get address(): Address | SocketTarget {
    return this.#listener?.address ?? this.#backend.address
  }

  get frontend(): Frontend | undefined {
    return this.#connections.frontend
  }

  get frontendOpen(): boolean {
    return this.#connections.frontendOpen
  }

  /**
   * Takes a connected socket as if it had connected itself; it is the device's then.
   *
   * @returns false if it is no socket, or somebody is connected already
   */
  addClient(fd: number): boolean {
    if (this.#connections.first !== undefined || this.#entering.size > 0 || !isSocket(fd)) return false
    void this.#add(openFd(fd))
    return true
  }

  attach(frontend: Frontend): void {
    this.#connections.attach(frontend)
  }

  detach(frontend: Frontend): void {
    this.#connections.detach(frontend)
  }

  /** Breaks its connections at once; others may come, and one that is to reconnect tries again. */
  yank(): void {
    for (const stream of this.#entering) stream.destroy()
    this.#connections.hangUp()
  }

  async close(): Promise<void> {
    await this.#endScope()
    await this.#connections.close()
  }

  destroy(): void {
    void this.#endScope()
    this.#connections.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #endScope(): Promise<void> {
    this.#connectedOnce.reject(new Error(`character device '${this.label}' was closed`))
    for (const stream of this.#entering) stream.destroy()
    await this.#scope.close()
  }

  async #listen(signal: AbortSignal | undefined): Promise<void> {
    this.#listener = await listen(this.#backend.address, { accept: (stream) => void this.#add(stream) }, signal)
    this.#scope.own(this.#listener)
  }

  /** A connection is the front end's when it has been agreed on how to speak; until then nobody else is let in. */
  async #add(connection: Duplex): Promise<void> {
    const { server, telnet, websocket } = this.#backend
    if (this.#secure === undefined && websocket !== true) {
      this.#connections.add(server && telnet ? telnetStream(connection) : connection)
      this.#connectedOnce.resolve()
      return
    }
    this.#entering.add(connection)
    this.#flow()
    const stream = await entered(connection, this.#backend, this.#secure)
    this.#entering.delete(connection)
    if (stream !== undefined && this.#scope.open) {
      this.#connections.add(stream)
      this.#connectedOnce.resolve()
    } else stream?.destroy()
    this.#flow()
  }

  #full(full: boolean): void {
    this.#fullyTaken = full
    this.#flow()
  }

  #flow(): void {
    if (this.#fullyTaken || this.#entering.size > 0) this.#listener?.pause()
    else this.#listener?.resume()
  }

  async #connectFirst(signal: AbortSignal | undefined): Promise<void> {
    const { reconnect } = this.#backend
    try {
      this.#connected(await connect(this.#backend.address, signal))
    } catch (error) {
      if (reconnect <= 0 || signal?.aborted === true) throw error
      this.#retryAfter(error)
    }
  }

  /** Of those that fail in a row the first is told of. */
  #retryAfter(error: unknown): void {
    if (!this.#failing && this.#scope.open)
      this.#complain?.(`Unable to connect character device ${this.label}: ${(error as Error).message}`)
    this.#failing = true
    this.#retryLater()
  }

  #connected(stream: Duplex): void {
    this.#failing = false
    void this.#add(stream)
    if (this.#backend.reconnect > 0) void stream.closed.then(() => this.#retryLater())
  }

  #retryLater(): void {
    if (!this.#scope.open) return
    const retry = (): void => {
      this.#scope.release(stop)
      connect(this.#backend.address, this.#scope.signal).then(
        (stream) => this.#connected(stream),
        (error: unknown) => this.#retryAfter(error), // still nobody there
      )
    }
    const timer = setTimeout(retry, Math.min(this.#backend.reconnect * 1000, maxTimeout))
    const stop = (): void => clearTimeout(timer)
    this.#scope.own(stop)
  }
}

/** @throws {TransportError | ChardevError} in QEMU's words, if there are no such credentials, or something else is wrong */
function securingOf({ address, server, tls }: SocketBackend, objects: SecuringObjects | undefined): Secure | undefined {
  if (tls === undefined) return undefined
  const { creds, authz, problem } = tls
  const hostname = address.type === 'inet' ? address.host : undefined
  if (objects === undefined) throw new ChardevError('option', `No TLS credentials with id '${creds}'`)
  const secure = server ? objects.securingServer(creds, authz) : objects.securingClient(creds, hostname)
  if (problem !== undefined) throw problem
  return secure
}

function listen(target: SocketTarget, options: ListenOptions, signal: AbortSignal | undefined): Promise<Listener> {
  const all = signal === undefined ? options : { ...options, signal }
  if (target.type === 'unix') return listenUnix(target.path, all)
  if (target.type === 'inet') return listenTcp(target, all)
  return listenFd(target.fd, all)
}

async function connect(target: SocketTarget, signal: AbortSignal | undefined): Promise<Duplex> {
  const options = signal === undefined ? {} : { signal }
  if (target.type === 'unix') return connectUnix(target.path, options)
  if (target.type === 'inet') return connectTcp(target, options)
  return openFd(target.fd)
}
