import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** What a shell says to the terminal, not to the reader: the shell asks where the cursor is, for one. */
const terminalControl = new RegExp(`${String.fromCharCode(0x1b)}\\[[0-9;]*[A-Za-z]`, 'g')

/** A guest's shell on a serial line whose other end is a unix socket. */
export class SerialShell {
  readonly #socket: Socket
  #text = ''

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.#text = (this.#text + text).replace(terminalControl, '')
    })
    socket.on('error', () => undefined) // the machine has ended; who waits hears it by `close`
  }

  static async connect(path: string): Promise<SerialShell> {
    const socket = connect(path)
    await once(socket, 'connect')
    return new SerialShell(socket)
  }

  /** What has been said since the last typing. */
  get said(): string {
    return this.#text
  }

  /** Waits for the shell's prompt. */
  prompt(): Promise<string> {
    return this.until(/\n[^\n]*# $/)
  }

  /** Types, and forgets what has been said until now. */
  type(text: string): void {
    this.#text = ''
    this.#socket.write(text)
  }

  /** Types a command and returns what it writes. */
  async run(command: string): Promise<string> {
    this.type(`${command}\n`)
    const text = await this.prompt()
    const [, ...lines] = text.split(/\r?\n/) // the first is the echo
    return lines.slice(0, -1).join('\n')
  }

  /** Waits until what has been said since the last typing matches; returns all of it. */
  async until(meant: RegExp): Promise<string> {
    while (!meant.test(this.#text)) {
      const hearing = new AbortController()
      try {
        await Promise.race([
          once(this.#socket, 'data', { signal: hearing.signal }),
          once(this.#socket, 'close', { signal: hearing.signal }).then(() => {
            throw new Error(`the machine has ended behind: ${this.#text.slice(-500)}`)
          }),
        ])
      } finally {
        hearing.abort()
      }
    }
    return this.#text
  }

  close(): void {
    this.#socket.destroy()
  }
}
