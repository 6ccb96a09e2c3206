import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate } from '../../timers/index.ts'
import { type ReleasedSocket, releaseSocket } from './released-socket.ts'
import type { TcpConnection, TcpUser } from './tcp/tcp-connection.ts'

/** What a chunk costs that waits, beside its bytes. */
const chunkCost = 256
/** Bytes for the guest that are read ahead. */
const readAhead = 256 * 1024

/** The other side of a connection of the guest's: a socket, or a stream that has no network behind it. */
export type PeerSocket = Duplex & Partial<Pick<Socket, 'setNoDelay' | 'resetAndDestroy' | 'connecting'>>

/** Ends a connection of which nobody is to hear anything more. */
export function cutOff(socket: PeerSocket): void {
  if (socket.resetAndDestroy === undefined) socket.destroy()
  else socket.resetAndDestroy()
}

/** A TCP connection of the host's, in the place of the guest's peer; who is slow makes the other side wait. */
export class HostStream implements TcpUser {
  readonly socket: PeerSocket
  #connection: TcpConnection | undefined
  #reads = false
  /** What the guest has sent and the socket has not been given yet: that has the batch before it until it has gone. */
  #queue: Buffer[] = []
  #queued = 0
  #batch: readonly Buffer[] = []
  #batched = 0
  #flushing = false
  /** Nothing passes for now. */
  #stopped = false
  #ended = false

  /** @param socket keeps its other half when one ends (`allowHalfOpen`) */
  constructor(socket: PeerSocket) {
    this.socket = socket
    socket.setNoDelay?.(true)
    socket.on('error', () => this.#connection?.abort())
    socket.on('close', () => {
      if (!socket.readableEnded || !socket.writableFinished) this.#connection?.abort()
    })
  }

  /** The guest is there, by this connection from now on: bytes go both ways. */
  join(connection: TcpConnection): void {
    this.#connection = connection
    this.#stopped = false
    const { socket } = this
    if (socket.destroyed) {
      connection.abort()
      return
    }
    if (!this.#reads) {
      this.#reads = true
      socket.on('data', (bytes: Buffer) => {
        this.#connection?.write(bytes)
        if (this.#connection !== undefined && this.#connection.unsent >= readAhead) socket.pause()
      })
      socket.on('end', () => this.#connection?.end())
    }
    // Whoever came to a forwarded port has waited for the guest.
    if (connection.unsent < readAhead) socket.resume()
    if (socket.readableEnded) connection.end()
    this.#flush()
  }

  /** Reads and writes nothing more until somebody joins; what has been read is given to the connection. */
  stop(): void {
    this.#stopped = true
    this.socket.pause()
    if (this.#reads) while (this.socket.read() !== null);
  }

  /**
   * Takes the open socket away from this process's hands, once nothing is read any more; the stream is of no use then.
   *
   * @returns undefined where that cannot be done: the stream stays as it is
   */
  release(): ReleasedSocket | undefined {
    return this.socket instanceof Socket ? releaseSocket(this.socket, this.#batch, this.#queue) : undefined
  }

  /** What the socket has not been given yet. */
  get queued(): Buffer {
    return Buffer.concat(this.#queue)
  }

  /** Bytes that wait for the peer. */
  get unwritten(): number {
    return this.#queued + this.#batched
  }

  /** The guest has sent all. */
  get guestEnded(): boolean {
    return this.#ended
  }

  /** Both sides have sent all. */
  get over(): boolean {
    return this.socket.readableEnded && this.#ended
  }

  get waiting(): number {
    return this.unwritten + (this.#queue.length + this.#batch.length) * chunkCost
  }

  data(bytes: Buffer): void {
    if (this.socket.destroyed || this.#ended) return
    this.#queue.push(bytes)
    this.#queued += bytes.length
    if (this.#flushing || this.#batched > 0) return
    this.#flushing = true
    // What comes in one go is written in one.
    setImmediate(() => {
      this.#flushing = false
      this.#flush()
    })
  }

  end(): void {
    this.#ended = true
    if (this.unwritten === 0) this.socket.end()
  }

  drained(): void {
    if (this.#connection !== undefined && this.#connection.unsent < readAhead / 2 && this.socket.isPaused())
      this.socket.resume()
  }

  failed(): void {
    cutOff(this.socket)
  }

  #flush(): void {
    const { socket } = this
    if (this.#stopped || this.#batched > 0 || this.#queued === 0 || socket.destroyed) return
    this.#batch = this.#queue
    this.#batched = this.#queued
    this.#queue = []
    this.#queued = 0
    socket.cork()
    for (const [index, bytes] of this.#batch.entries())
      if (index < this.#batch.length - 1) socket.write(bytes)
      else socket.write(bytes, (error) => this.#written(error))
    socket.uncork()
  }

  #written(error: Error | null | undefined): void {
    if (error !== undefined && error !== null) return // the socket tells of it by itself
    this.#batch = []
    this.#batched = 0
    this.#flush()
    if (this.#ended && this.unwritten === 0) this.socket.end()
    else this.#connection?.windowOpened()
  }
}
