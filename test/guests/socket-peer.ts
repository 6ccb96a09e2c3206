import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Who speaks to a program of the guest through a unix socket. */
export class SocketPeer {
  readonly socket: Socket
  #text = ''

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.#text += text
    })
    socket.on('error', () => undefined) // whoever waits hears it by `close`
  }

  static async connect(path: string): Promise<SocketPeer> {
    const socket = connect(path)
    await once(socket, 'connect')
    return new SocketPeer(socket)
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes)
  }

  /** Waits for a line, and takes it. @throws {Error} if the connection ends before */
  async line(): Promise<string> {
    await this.#until(() => this.#text.includes('\n'))
    const end = this.#text.indexOf('\n')
    const line = this.#text.slice(0, end)
    this.#text = this.#text.slice(end + 1)
    return line
  }

  /** Waits for so many bytes, and takes them. */
  async bytes(count: number): Promise<Buffer> {
    await this.#until(() => this.#text.length >= count)
    const bytes = Buffer.from(this.#text.slice(0, count), 'latin1')
    this.#text = this.#text.slice(count)
    return bytes
  }

  close(): void {
    this.socket.destroy()
  }

  async #until(met: () => boolean): Promise<void> {
    while (!met()) {
      const waiting = new AbortController()
      try {
        await Promise.race([
          once(this.socket, 'data', { signal: waiting.signal }),
          once(this.socket, 'close', { signal: waiting.signal }).then(() => {
            throw new Error(`the connection has ended behind: ${this.#text.slice(-500)}`)
          }),
        ])
      } finally {
        waiting.abort()
      }
    }
  }
}
