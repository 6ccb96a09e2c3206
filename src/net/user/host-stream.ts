import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate } from '../../timers/index.ts'
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
  readonly #socket: PeerSocket
  #connection: TcpConnection | undefined
  /** Chunks that have been given to the socket since it last had nothing to do. */
  #chunks = 0
  #corked = false

  /** @param socket keeps its other half when one ends (`allowHalfOpen`) */
  constructor(socket: PeerSocket) {
    this.#socket = socket
    socket.setNoDelay?.(true)
    socket.on('drain', () => {
      this.#chunks = 0
      this.#connection?.windowOpened()
    })
    socket.on('error', () => this.#connection?.abort())
    socket.on('close', () => {
      if (!socket.readableEnded || !socket.writableFinished) this.#connection?.abort()
    })
  }

  /** The guest is there: bytes go both ways from now on. */
  join(connection: TcpConnection): void {
    this.#connection = connection
    const socket = this.#socket
    if (socket.destroyed) {
      connection.abort()
      return
    }
    socket.on('data', (bytes: Buffer) => {
      connection.write(bytes)
      if (connection.unsent >= readAhead) socket.pause()
    })
    socket.on('end', () => connection.end())
    // Whoever came to a forwarded port has waited for the guest.
    socket.resume()
  }

  get waiting(): number {
    return this.#socket.writableLength + (this.#socket.writableLength > 0 ? this.#chunks * chunkCost : 0)
  }

  data(bytes: Buffer): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      // What comes in one go is written in one.
      setImmediate(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    if (this.#socket.writableLength === 0) this.#chunks = 0
    this.#chunks++
    this.#socket.write(bytes)
  }

  end(): void {
    this.#socket.end()
  }

  drained(): void {
    if (this.#connection !== undefined && this.#connection.unsent < readAhead / 2 && this.#socket.isPaused())
      this.#socket.resume()
  }

  failed(): void {
    cutOff(this.#socket)
  }
}
