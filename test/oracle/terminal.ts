import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { qemu, vmon } from './programs.ts'
import { Server } from './server.ts'

const machine = ['-display', 'none', '-S', '-accel', 'tcg']

/** A monitor on a socket, of either program. */
export class Terminal implements AsyncDisposable {
  readonly #server: Server
  readonly #socket: Socket
  #received = ''

  private constructor(server: Server, socket: Socket) {
    this.#server = server
    this.#socket = socket
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#received += text
    })
  }

  static async start(command: readonly string[], options: readonly string[] = ['-nodefaults']): Promise<Terminal> {
    const monitor = ['-monitor', 'unix:monitor.sock,server=on,wait=off']
    const server = await Server.start([...command, ...machine, ...monitor, ...options])
    await server.listening('monitor.sock')
    const socket = connect(join(server.directory, 'monitor.sock'))
    await once(socket, 'connect')
    return new Terminal(server, socket)
  }

  send(keys: string): void {
    this.#socket.write(keys, 'latin1')
  }

  /** Enters a line, and gives back what is shown up to the prompt behind it. */
  async enter(line: string): Promise<string> {
    this.send(`${line}\r`)
    return this.until((text) => text.includes('\n(qemu) '))
  }

  async until(done: (text: string) => boolean): Promise<string> {
    const signal = AbortSignal.any([AbortSignal.timeout(60_000), this.#server.gone])
    while (!done(this.#received)) await once(this.#socket, 'data', { signal })
    const text = this.#received
    this.#received = ''
    return text
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
    await this.#server[Symbol.asyncDispose]()
  }
}

/** What each of the two, QEMU first, answers to the same lines. */
export async function answersOfBoth(
  lines: readonly string[],
  options: readonly string[] = ['-nodefaults'],
): Promise<[string[], string[]]> {
  const play = async (command: readonly string[]): Promise<string[]> => {
    await using terminal = await Terminal.start(command, options)
    await terminal.until((text) => text.includes('(qemu) '))
    const answers: string[] = []
    // The echo of a long line is a long story: the answer begins behind it.
    for (const line of lines) answers.push((await terminal.enter(line)).replace(/^[^\n]*\n/, ''))
    return answers
  }
  return [await play(qemu.command), await play(vmon.command)]
}
