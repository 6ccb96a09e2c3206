import type { Socket } from 'node:net'
import type { NetEnd, NetLine } from '../net-end.ts'
import { FrameReader, framed } from './frame-stream.ts'

/** Bytes for the other side that may wait; then the card waits. */
const mostWaiting = 256 * 1024

/** Frames by a stream to another program; while nobody is there, they are lost. */
export class StreamEnd implements NetEnd {
  readonly #line: NetLine
  #socket: Socket | undefined
  #frames: Buffer[] = []

  constructor(line: NetLine) {
    this.#line = line
  }

  get connected(): boolean {
    return this.#socket !== undefined
  }

  /** Speaks with another program from now on; `gone` is told when it has left. */
  use(socket: Socket, gone: () => void): void {
    this.#socket = socket
    const reader = new FrameReader()
    socket.setNoDelay?.(true)
    socket.on('data', (bytes: Buffer) => {
      const frames = reader.take(bytes)
      if (frames === undefined) {
        socket.destroy()
        return
      }
      this.#frames.push(...frames)
      this.resume()
    })
    socket.on('drain', () => this.#line.ready())
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (this.#socket !== socket) return
      this.#socket = undefined
      this.#line.ready()
      gone()
    })
  }

  receive(frame: Uint8Array): boolean {
    const socket = this.#socket
    if (socket === undefined) {
      this.#line.lost?.('received')
      return true
    }
    if (socket.writableLength > mostWaiting) return false
    socket.write(framed(frame))
    return true
  }

  resume(): void {
    let sent = 0
    while (sent < this.#frames.length && this.#line.send(this.#frames[sent]!)) sent++
    this.#frames.splice(0, sent)
    // Who sends faster than the card takes waits.
    if (this.#frames.length > 0) this.#socket?.pause()
    else if (this.#socket?.isPaused() === true) this.#socket.resume()
  }

  close(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.destroy()
  }
}
