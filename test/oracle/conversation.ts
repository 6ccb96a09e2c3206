/** A server and the connections to it, while the steps of a case are taken: what playing and recording share. */
import { open, readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Step, TranscriptCase } from './case.ts'
import type { Connection } from './connection.ts'
import { Connections } from './connections.ts'
import { eventName, isReply } from './match.ts'
import { type Exit, Server } from './server.ts'

/** SeaBIOS, until it has nothing more to do in a machine without disks: milliseconds. */
const firmwareTime = 600
/** A server that has not answered by then never will: milliseconds. */
const answerTime = 20_000

export class Conversation implements AsyncDisposable {
  readonly connections: Connections
  readonly #server: Server

  private constructor(server: Server, passesDescriptors: boolean) {
    this.#server = server
    this.connections = new Connections((name) => server.path(name), server.gone, passesDescriptors)
  }

  /** Starts the server of a case. `ready()` connects. */
  static async start({ setup, prepare, steps }: TranscriptCase, command: readonly string[]): Promise<Conversation> {
    const passesDescriptors = steps.some(({ fds }) => fds !== undefined)
    return new Conversation(await Server.start([...command, ...setup], prepare), passesDescriptors)
  }

  /** Connects and negotiates, where the case wants that. @throws {Error} if the server does not listen, or not answer */
  async ready({ setup, handshake }: TranscriptCase): Promise<void> {
    if (!handshake) return
    const connection = await this.connections.open('A', 'qmp.sock')
    connection.send(Buffer.from('{"execute":"qmp_capabilities"}\n'))
    const negotiated = () => connection.lines.filter(isReply).length === 2
    while (!negotiated() && !connection.ended) {
      if (!(await this.connections.change(answerTime))) throw new Error('no answer to qmp_capabilities')
    }
    connection.take(connection.lines.length)
    // Where the guest runs from the start, the recordings' first command met firmware that had found nothing to boot.
    if (!setup.includes('-S')) await this.connections.silence(firmwareTime)
  }

  /** Does what a step does; what comes of it is in the connections, or in what its shell command printed. */
  async take(
    step: Step,
  ): Promise<{ readonly connection: Connection | undefined; readonly output: string | undefined }> {
    if (step.sleep !== undefined) await pause(step.sleep * 1000)
    const output = step.sh === undefined ? undefined : (await this.#server.shell(step.sh)).output
    const name = step.mon ?? 'A'
    if (step.connect !== undefined) await this.connections.open(name, step.connect)
    const connection = this.connections.get(name)
    const payload = payloadOf(step)
    if (payload && connection) await this.#send(connection, payload, step.fds ?? [])
    return { connection, output }
  }

  /** Whether the answers and events that the step names are there, however many lines that makes. */
  answered(step: Step): boolean {
    const lines = this.connections.get(step.mon ?? 'A')?.lines ?? []
    const asked = step.n ?? (payloadOf(step) !== undefined || step.connect !== undefined ? 1 : 0)
    const events = new Set(this.connections.all().flatMap((each) => each.lines.map(eventName)))
    return lines.filter(isReply).length >= asked && [step.wait ?? []].flat().every((name) => events.has(name))
  }

  /** Ends the server, unless it is ending by itself; what it leaves behind. */
  async end(): Promise<{ readonly exit: Exit; readonly leftovers: readonly string[] }> {
    const hungUp = this.connections.all().some(({ ended }) => ended)
    const exit = hungUp ? await this.#server.ended() : await this.#server.stop()
    const entries = await readdir(this.#server.directory, { withFileTypes: true })
    return { exit, leftovers: entries.filter((entry) => entry.isSocket()).map(({ name }) => name) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connections[Symbol.dispose]()
    await this.#server[Symbol.asyncDispose]()
  }

  /** Writes, with descriptors of these files along with the first byte. */
  async #send(connection: Connection, payload: Uint8Array, names: readonly string[]): Promise<void> {
    const files = await Promise.all(names.map((name) => open(resolve(this.#server.directory, name), 'r+')))
    const descriptors = files.map(({ fd }) => fd)
    connection.send(payload, descriptors.length > 0 ? descriptors : undefined)
    await Promise.all(files.map((file) => file.close()))
  }
}

function payloadOf(step: Step): Uint8Array | undefined {
  if (step.send_hex !== undefined) return Buffer.from(step.send_hex, 'hex')
  return step.send === undefined ? undefined : Buffer.from(step.send)
}

/** The case with TCP ports of its own: recordings name fixed ones, and cases play side by side. */
export async function withFreePorts(recorded: TranscriptCase): Promise<TranscriptCase> {
  let text = JSON.stringify(recorded)
  for (const [, port] of text.matchAll(/"connect":"[^":]+:(\d+)"/g))
    text = text.replaceAll(port!, `${await freePort()}`)
  return JSON.parse(text) as TranscriptCase
}

function freePort(): Promise<number> {
  const probe = createServer()
  return new Promise((found, reject) => {
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => found(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
