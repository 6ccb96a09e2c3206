import type { Socket } from 'node:dgram'
import type { NetEnd, NetLine } from '../net-end.ts'

/** Frames from outside that wait for the card; more are lost. */
const mostWaiting = 256

/** Frames as datagrams: each is one. */
export class DatagramEnd implements NetEnd {
  readonly #line: NetLine
  readonly #socket: Socket
  readonly #target: { readonly address: string; readonly port: number } | undefined
  #frames: Buffer[] = []

  constructor(line: NetLine, socket: Socket, target: { readonly address: string; readonly port: number } | undefined) {
    this.#line = line
    this.#socket = socket
    this.#target = target
    socket.on('message', (frame) => {
      if (this.#frames.length < mostWaiting) this.#frames.push(frame)
      else this.#line.lost?.('sent')
      this.resume()
    })
    socket.on('error', () => undefined)
  }

  receive(frame: Uint8Array): boolean {
    if (this.#target === undefined) this.#line.lost?.('received')
    else this.#socket.send(frame, this.#target.port, this.#target.address, () => undefined)
    return true
  }

  resume(): void {
    let sent = 0
    while (sent < this.#frames.length && this.#line.send(this.#frames[sent]!)) sent++
    this.#frames.splice(0, sent)
  }

  close(): void {
    this.#socket.close()
  }
}
