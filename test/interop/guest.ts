/** A machine under test, QEMU or vmon, driven over QMP and COM1 alone. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Connection } from '../oracle/connection.ts'
import { Server } from '../oracle/server.ts'
import { type PpmPicture, parsePpm } from './ppm-picture.ts'

export const qemu: readonly string[] = ['qemu-system-i386']
export const vmon: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL('../../../bin/vmon.js', import.meta.url)),
]

interface Reply {
  readonly event?: string
  readonly return?: unknown
  readonly error?: { readonly class: string; readonly desc: string }
}

export class Guest implements AsyncDisposable {
  readonly #server: Server
  readonly #signal: AbortSignal
  readonly #waiting = new Set<() => void>()
  /** Names of events that came while a reply was waited for. */
  #events: string[] = []
  #qmp: Connection | undefined
  /** Settles with the command that was given last. */
  #last: Promise<unknown> = Promise.resolve()
  #com1: Socket | undefined
  #received = Buffer.alloc(0)

  private constructor(server: Server, signal: AbortSignal) {
    this.#server = server
    this.#signal = AbortSignal.any([signal, server.gone])
    this.#signal.addEventListener('abort', () => this.#changed())
  }

  /**
   * Starts a machine that has a VGA and the devices of `options`, connects and negotiates. The guest does not run yet.
   *
   * @param signal - ends every wait
   */
  static async start(command: readonly string[], options: readonly string[], signal: AbortSignal): Promise<Guest> {
    const sockets = ['-qmp', 'unix:qmp.sock,server=on,wait=off', '-serial', 'unix:com1.sock,server=on,wait=off']
    const server = await Server.start([
      ...command,
      ...['-nodefaults', '-vga', 'std', '-display', 'none', '-S', '-m', '64'],
      ...sockets,
      ...options,
    ])
    const guest = new Guest(server, signal)
    try {
      await guest.#connect()
      return guest
    } catch (error) {
      await guest[Symbol.asyncDispose]()
      const { stderr } = await server.exited
      throw new Error(`${command.join(' ')} did not start: ${stderr}`, { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#qmp?.close()
    this.#com1?.destroy()
    await this.#server[Symbol.asyncDispose]()
  }

  /** Of its process. */
  get pid(): number {
    return this.#server.pid!
  }

  /** Runs a QMP command, behind those that were given before. @throws if the reply is an error */
  execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const reply = this.#last.then(() => this.#run(command, args))
    this.#last = reply.catch(() => undefined)
    return reply
  }

  async #run(command: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
    this.#qmp!.send(Buffer.from(`${JSON.stringify({ execute: command, arguments: args })}\n`))
    for (;;) {
      const message = JSON.parse(await this.#line()) as Reply
      if (message.event !== undefined) this.#events.push(message.event)
      if (message.error !== undefined) throw new Error(`${command}: ${message.error.class}: ${message.error.desc}`)
      if (message.return !== undefined) return message.return
    }
  }

  /** Waits for an event that has not been waited for before. */
  async event(name: string): Promise<void> {
    while (!this.#events.includes(name)) {
      const { event } = JSON.parse(await this.#line()) as Reply
      if (event !== undefined) this.#events.push(event)
    }
    this.#events.splice(this.#events.indexOf(name), 1)
  }

  /** Presses keys together, by name or number. */
  async press(keys: readonly (string | number)[], holdMs = 10): Promise<void> {
    const values = keys.map((data) => ({ type: typeof data === 'number' ? 'number' : 'qcode', data }))
    await this.execute('send-key', { keys: values, 'hold-time': holdMs })
  }

  /** What the screen shows. */
  async picture(): Promise<PpmPicture> {
    const filename = this.#server.path('screen.ppm')
    await this.execute('screendump', { filename })
    return parsePpm(await readFile(filename))
  }

  /** What is in a file of the machine's folder. */
  file(name: string): Promise<Buffer> {
    return readFile(this.#server.path(name))
  }

  /** What is in the guest's memory at a physical address. */
  async memory(val: number, size: number): Promise<Buffer> {
    const filename = this.#server.path('memory.bin')
    await this.execute('pmemsave', { val, size, filename })
    return readFile(filename)
  }

  /** Takes pictures until one is as wanted. */
  async pictureWhere(wanted: (picture: PpmPicture) => boolean): Promise<PpmPicture> {
    for (;;) {
      const picture = await this.picture()
      if (wanted(picture)) return picture
      this.#signal.throwIfAborted()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Waits until the guest has sent these bytes through COM1, and takes them and all that came before them. */
  async receive(end: Buffer): Promise<Buffer> {
    await this.#until(() => this.#received.includes(end))
    const length = this.#received.indexOf(end) + end.length
    const taken = this.#received.subarray(0, length)
    this.#received = this.#received.subarray(length)
    return taken
  }

  /** Waits until the guest has sent so many bytes through COM1, and takes them. */
  async receiveBytes(count: number): Promise<Buffer> {
    await this.#until(() => this.#received.length >= count)
    const taken = this.#received.subarray(0, count)
    this.#received = this.#received.subarray(count)
    return taken
  }

  /** Sends bytes, or ASCII characters, to the guest's COM1. */
  sendSerial(bytes: string | Uint8Array): void {
    this.#com1!.write(bytes)
  }

  async #connect(): Promise<void> {
    const options = { changed: () => this.#changed(), signal: this.#signal, passesDescriptors: false }
    this.#qmp = await Connection.open(this.#server.path('qmp.sock'), options)
    await this.#line()
    await this.execute('qmp_capabilities')
    const com1 = connect(this.#server.path('com1.sock'))
    this.#com1 = com1
    await once(com1, 'connect')
    com1.on('error', () => undefined) // the machine is killed in the end
    com1.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes])
      this.#changed()
    })
  }

  async #line(): Promise<string> {
    const qmp = this.#qmp!
    await this.#until(() => qmp.lines.length > 0)
    return qmp.take(1)[0]!
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.#signal.throwIfAborted()
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  #changed(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}
