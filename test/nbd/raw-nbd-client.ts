import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  ByteIntake,
  clientFlags,
  clientOption,
  commands,
  infoRequest,
  metaContextRequest,
  options,
  ReplyParser,
  type ReplyPart,
  type Request,
  requestHeader,
} from '../../src/nbd/index.ts'

const greetingBytes = 18

/** An NBD client that does what it is told, right or wrong, and shows every byte that comes back. */
export class RawNbdClient implements AsyncDisposable {
  readonly #socket: Socket
  #received: Buffer[] = []
  #ended = false
  #wake: () => void = () => undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk)
      this.#wake()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#ended = true
      this.#wake()
    })
  }

  /** Connects to a unix socket, and reads the greeting. */
  static async connect(path: string): Promise<RawNbdClient> {
    const socket = connect({ path })
    await once(socket, 'connect')
    const client = new RawNbdClient(socket)
    await client.read(greetingBytes)
    return client
  }

  send(...pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#socket.write(piece)
  }

  /** Says nothing more, and still listens. */
  end(): void {
    this.#socket.end()
  }

  /** Reads no more from the socket. */
  deafen(): void {
    this.#socket.pause()
  }

  /** The next bytes; fewer if the server ends the connection before. */
  async read(count: number): Promise<Buffer> {
    while (sum(this.#received) < count && !this.#ended) await this.#more()
    const all = Buffer.concat(this.#received)
    this.#received = all.byteLength > count ? [all.subarray(count)] : []
    return all.subarray(0, count)
  }

  /** Everything until the server ends the connection. */
  async readToEnd(): Promise<Buffer> {
    while (!this.#ended) await this.#more()
    return Buffer.concat(this.#received)
  }

  /** Chooses an export by GO, with structured replies and contexts if asked for. @returns the bytes of all answers */
  async choose(name: string, { structured = true, queries = ['base:allocation'] } = {}): Promise<void> {
    this.send(clientFlags(3))
    if (structured) {
      this.send(clientOption(options.structuredReply))
      this.send(clientOption(options.setMetaContext, metaContextRequest({ name, queries })))
    }
    this.send(clientOption(options.go, infoRequest({ name, wanted: [] })))
    for (;;) {
      const header = await this.read(20)
      if (header.byteLength < 20) throw new Error('the server has gone')
      await this.read(header.readUInt32BE(16))
      if (header.readUInt32BE(8) === options.go && header.readUInt32BE(12) === 1) return
    }
  }

  /** Asks for something, and waits for the whole reply. @returns its parts, data in one piece */
  async ask(request: Request, payload?: Uint8Array, structured = true): Promise<ReplyPart[]> {
    this.send(requestHeader(request), ...(payload === undefined ? [] : [payload]))
    const reading = () =>
      request.command === commands.read ? { offset: Number(request.offset), length: request.length } : undefined
    const intake = new ByteIntake()
    const parser = new ReplyParser(intake, { structured, reading })
    const parts: ReplyPart[] = []
    for (;;) {
      for (const chunk of this.#received.splice(0)) intake.push(chunk)
      for (let part = parser.next(); part !== undefined; part = parser.next()) {
        append(parts, part)
        if (part.kind === 'broken' || part.done) return parts
      }
      if (this.#ended) return [...parts, { kind: 'broken', reason: 'the connection has ended' }]
      await this.#more()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
    while (!this.#ended) await this.#more()
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

function sum(chunks: readonly Buffer[]): number {
  return chunks.reduce((bytes, { byteLength }) => bytes + byteLength, 0)
}

/** Data come in the pieces of the stream: those of one chunk are put together again. */
function append(parts: ReplyPart[], part: ReplyPart): void {
  const last = parts.at(-1)
  const joins = last?.kind === 'data' && part.kind === 'data'
  if (joins && Number(last.offset) + last.bytes.byteLength === Number(part.offset)) {
    parts[parts.length - 1] = { ...last, done: part.done, bytes: Buffer.concat([last.bytes, part.bytes]) }
  } else parts.push(part)
}
