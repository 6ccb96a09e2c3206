/** A server that answers many questions, one after the other on one connection. */
import { Connections } from './connections.ts'
import { isReply } from './match.ts'
import { Server } from './server.ts'

const pipelined = 50
const patience = 120_000

export interface Reply {
  readonly return?: unknown
  readonly error?: { readonly class: string; readonly desc: string }
}

export class Questions implements AsyncDisposable {
  readonly #server: Server
  readonly #connections: Connections

  private constructor(server: Server) {
    this.#server = server
    this.#connections = new Connections((name) => server.path(name), server.gone, false)
  }

  /** Starts a server, `-qmp` is added to its arguments, and negotiates. */
  static async to(...command: readonly string[]): Promise<Questions> {
    const server = await Server.start([...command, '-qmp', 'unix:qmp.sock,server=on,wait=off'])
    const questions = new Questions(server)
    const connection = await questions.#connections.open('A', 'qmp.sock')
    while (connection.lines.length === 0) await questions.#connections.change(patience)
    connection.take(1)
    await questions.ask([{ execute: 'qmp_capabilities' }])
    return questions
  }

  /** Asks, and returns the answers in the order of the questions. Events are dropped. */
  async ask(requests: readonly (object | string)[]): Promise<Reply[]> {
    const answers: Reply[] = []
    const connection = this.#connections.get('A')!
    for (let start = 0; start < requests.length; start += pipelined) {
      const batch = requests.slice(start, start + pipelined)
      const text = batch.map((request) => (typeof request === 'string' ? request : JSON.stringify(request))).join('\n')
      connection.send(Buffer.from(`${text}\n`))
      while (answers.length < start + batch.length) {
        if (connection.ended) throw new Error(`the server ended after ${text}`)
        if (connection.lines.length === 0 && !(await this.#connections.change(patience)))
          throw new Error(`no answer to ${text}`)
        const lines = connection.take(connection.lines.length)
        answers.push(...lines.filter(isReply).map((line) => JSON.parse(line) as Reply))
      }
    }
    return answers
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connections[Symbol.dispose]()
    await this.#server[Symbol.asyncDispose]()
  }
}
