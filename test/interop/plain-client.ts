/** A QMP client with nothing of ours in it: a socket and JSON. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export interface QmpMessage {
  readonly QMP?: unknown
  readonly return?: unknown
  readonly error?: { readonly class: string; readonly desc: string }
  readonly id?: unknown
  readonly event?: string
  readonly data?: unknown
}

export class PlainClient implements Disposable {
  /** Everything received, in order. */
  readonly messages: QmpMessage[] = []
  /** Settles when the server has closed the connection. */
  readonly closed: Promise<void>
  readonly #socket: Socket
  #text = ''
  #wake: (() => void)[] = []

  private constructor(socket: Socket) {
    this.#socket = socket
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    socket.on('data', (text: string) => this.#receive(text))
    socket.on('close', () => this.#wakeAll())
  }

  /** Connects, reads the greeting, and negotiates. */
  static async open(path: string): Promise<PlainClient> {
    const socket = await dial(path)
    const client = new PlainClient(socket)
    await client.until(({ QMP }) => QMP !== undefined)
    await client.execute('qmp_capabilities')
    return client
  }

  get events(): readonly QmpMessage[] {
    return this.messages.filter(({ event }) => event !== undefined)
  }

  /** Sends requests as they are, without waiting. */
  write(...requests: readonly object[]): void {
    this.#socket.write(requests.map((request) => `${JSON.stringify(request)}\n`).join(''))
  }

  /** Sends one command and waits for its answer. @throws {Error} with QEMU's text, if it fails */
  async execute(command: string, args: object = {}): Promise<unknown> {
    const id = `plain-${this.messages.length}`
    this.write({ execute: command, arguments: args, id })
    const answer = await this.until((message) => message.id === id)
    if (answer.error) throw new Error(answer.error.desc)
    return answer.return
  }

  /** The first message, past or future, for which `wanted` holds. @throws {Error} if the connection ends before */
  async until(wanted: (message: QmpMessage) => boolean): Promise<QmpMessage> {
    for (let next = 0; ; ) {
      while (next < this.messages.length) {
        const message = this.messages[next++]!
        if (wanted(message)) return message
      }
      if (this.#socket.closed) throw new Error('the server closed the connection')
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  /** Stops reading from the socket: what comes waits in the kernel, and then at the server. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #receive(text: string): void {
    const lines = (this.#text + text).split('\n')
    this.#text = lines.pop()!
    for (const line of lines) this.messages.push(JSON.parse(line) as QmpMessage)
    this.#wakeAll()
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

/** Connects; a socket file stands there a moment before anybody listens on it. */
async function dial(path: string): Promise<Socket> {
  for (let tries = 1; ; tries++) {
    const socket = connect(path)
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      if (tries === 100 || (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error
    }
    await pause(5)
  }
}
