import type { Duplex } from '../transport/index.ts'
import { LineReader } from './line-reader.ts'
import { idOf, isObject, type Params, type Request, type RequestId, RpcError, readRequest } from './rpc.ts'
import type { AnyTool, ToolCall } from './tool.ts'

/** Versions of the protocol that are spoken, the newest first. */
const versions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const
/** In this one, several messages may come as one. */
const batching = '2025-03-26'
/** How long a message may be, in bytes. */
const longestMessage = 16 << 20
/** How many requests may be under way. */
const mostAtOnce = 64

export interface Resource {
  readonly uri: string
  readonly name: string
  readonly description: string
  readonly mimeType: string
}

export type ResourceContents = { readonly mimeType: string } & ({ readonly text: string } | { readonly blob: string })

/** Things that a client may read. */
export interface Resources {
  list(): readonly Resource[]
  /** @returns undefined, if there is no such resource */
  read(uri: string): Promise<ResourceContents | undefined>
}

export interface McpServer<Needs> {
  readonly info: { readonly name: string; readonly title: string; readonly version: string }
  /** What a model should know before it uses the tools. */
  readonly instructions: string
  readonly tools: readonly AnyTool[]
  readonly needs: Needs
  readonly resources: Resources
}

/**
 * Serves one client until it hangs up or `signal` fires. Calls that are under way are given up then; this settles when
 * they have ended.
 *
 * @param ending - is told once when that begins: a call may not hear that it is given up, a client not take its answers
 */
export function serveMcp<Needs>(
  duplex: Duplex,
  server: McpServer<Needs>,
  signal: AbortSignal,
  ending: () => void = () => undefined,
): Promise<void> {
  return new Session(duplex, server).run(signal, ending)
}

/** What is under way for a request. */
interface Running {
  readonly controller: AbortController
  cancelled: boolean
}

type Answer = { readonly result: unknown } | { readonly error: { readonly code: number; readonly message: string } }

class Session {
  readonly #duplex: Duplex
  readonly #server: McpServer<unknown>
  readonly #reader = new LineReader(longestMessage)
  readonly #running = new Map<RequestId, Running>()
  readonly #work = new Set<Promise<unknown>>()
  #version: string | undefined

  constructor(duplex: Duplex, server: McpServer<unknown>) {
    this.#duplex = duplex
    this.#server = server
  }

  async run(signal: AbortSignal, ending: () => void): Promise<void> {
    let told = false
    const tell = (): void => {
      if (!told) ending()
      told = true
    }
    const hangUp = (): void => {
      tell()
      this.#giveUp()
      void this.#duplex.close()
    }
    signal.addEventListener('abort', hangUp, { once: true })
    this.#duplex.start({
      data: (chunk) => this.#read(chunk),
      drain: () => this.#duplex.resume(),
      end: hangUp,
      closed: () => {
        tell()
        this.#giveUp()
      },
    })
    if (signal.aborted) hangUp()
    await this.#duplex.closed
    signal.removeEventListener('abort', hangUp)
    this.#giveUp()
    await Promise.allSettled(this.#work)
  }

  #giveUp(): void {
    for (const { controller } of this.#running.values()) controller.abort(new Error('the session has ended'))
  }

  #read(chunk: Uint8Array): void {
    let lines: string[]
    try {
      lines = this.#reader.feed(chunk)
    } catch (error) {
      this.#send({ jsonrpc: '2.0', id: null, ...refusal(new RpcError('invalidRequest', (error as Error).message)) })
      void this.#duplex.close()
      return
    }
    for (const line of lines) this.#receive(line)
  }

  #receive(line: string): void {
    let message: unknown
    try {
      message = JSON.parse(line)
    } catch {
      this.#send({ jsonrpc: '2.0', id: null, ...refusal(new RpcError('parse', 'not JSON')) })
      return
    }
    if (Array.isArray(message) && this.#version === batching && message.length > 0) {
      const answers = message.map((one) => this.#answer(one))
      this.#keep(
        Promise.all(answers).then((all) => {
          const given = all.filter((answer) => answer !== undefined)
          if (given.length > 0) this.#send(given)
        }),
      )
    } else {
      this.#keep(
        this.#answer(message).then((answer) => {
          if (answer !== undefined) this.#send(answer)
        }),
      )
    }
  }

  #keep(work: Promise<unknown>): void {
    this.#work.add(work)
    void work.finally(() => this.#work.delete(work))
  }

  /** @returns undefined, where no answer is wanted */
  async #answer(message: unknown): Promise<object | undefined> {
    let request: Request | undefined
    try {
      request = readRequest(message)
    } catch (error) {
      return { jsonrpc: '2.0', id: idOf(message) ?? null, ...refusal(error) }
    }
    if (request === undefined) return undefined
    const { id } = request
    if (id === undefined) {
      this.#notice(request)
      return undefined
    }
    const answer = await this.#serve(id, request)
    return answer && { jsonrpc: '2.0', id, ...answer }
  }

  #notice({ method, params }: Request): void {
    if (method !== 'notifications/cancelled') return
    const running = this.#running.get(params['requestId'] as RequestId)
    if (running === undefined) return
    running.cancelled = true
    const { reason } = params
    running.controller.abort(new Error(typeof reason === 'string' ? `cancelled: ${reason}` : 'cancelled'))
  }

  async #serve(id: RequestId, { method, params }: Request): Promise<Answer | undefined> {
    if (this.#running.has(id)) return refusal(new RpcError('invalidRequest', `request ${id} is under way already`))
    if (this.#running.size >= mostAtOnce)
      return refusal(new RpcError('busy', `${mostAtOnce} requests are under way already`))
    const running: Running = { controller: new AbortController(), cancelled: false }
    this.#running.set(id, running)
    try {
      const result = await this.#method(method, params, running.controller.signal)
      return running.cancelled ? undefined : { result }
    } catch (error) {
      return running.cancelled ? undefined : refusal(error)
    } finally {
      this.#running.delete(id)
    }
  }

  #method(method: string, params: Params, signal: AbortSignal): unknown {
    if (method === 'ping') return {}
    if (method === 'initialize') return this.#initialize(params)
    if (this.#version === undefined) throw new RpcError('invalidRequest', 'the session begins with initialize')
    const { resources, tools } = this.#server
    switch (method) {
      case 'tools/list':
        return { tools: tools.map(toolEntry) }
      case 'tools/call':
        return this.#call(params, signal)
      case 'resources/list':
        return { resources: resources.list() }
      case 'resources/templates/list':
        return { resourceTemplates: [] }
      case 'resources/read':
        return this.#readResource(params['uri'])
      default:
        throw new RpcError('methodNotFound', `there is no method ${method}`)
    }
  }

  #initialize({ protocolVersion }: Params): object {
    if (this.#version !== undefined) throw new RpcError('invalidRequest', 'the session has begun already')
    if (typeof protocolVersion !== 'string') throw new RpcError('invalidParams', 'protocolVersion is missing')
    this.#version = versions.find((version) => version === protocolVersion) ?? versions[0]
    const { info, instructions } = this.#server
    return {
      protocolVersion: this.#version,
      capabilities: { tools: { listChanged: false }, resources: { listChanged: false, subscribe: false } },
      serverInfo: info,
      instructions,
    }
  }

  /** What goes wrong in a tool is its result: a model can then try something else. */
  async #call({ name, arguments: args, _meta: meta }: Params, signal: AbortSignal): Promise<object> {
    const tool = this.#server.tools.find((one) => one.name === name)
    if (tool === undefined) throw new RpcError('invalidParams', `there is no tool ${String(name)}`)
    try {
      return { content: await tool.call(this.#server.needs, args, { signal, progress: this.#progressFor(meta) }) }
    } catch (error) {
      return { content: [{ type: 'text', text: (error as Error).message }], isError: true }
    }
  }

  #progressFor(meta: unknown): ToolCall['progress'] {
    const progressToken = isObject(meta) ? meta['progressToken'] : undefined
    if (typeof progressToken !== 'string' && typeof progressToken !== 'number') return () => undefined
    return (progress, message, total) => {
      const params = { progressToken, progress, ...(message && { message }), ...(total && { total }) }
      this.#send({ jsonrpc: '2.0', method: 'notifications/progress', params })
    }
  }

  async #readResource(uri: unknown): Promise<object> {
    if (typeof uri !== 'string') throw new RpcError('invalidParams', 'uri is missing')
    const contents = await this.#server.resources.read(uri)
    if (contents === undefined) throw new RpcError('resourceNotFound', `there is no resource ${uri}`)
    return { contents: [{ uri, ...contents }] }
  }

  /** A client that does not read what it is sent is not read either. */
  #send(message: object): void {
    if (!this.#duplex.write(`${JSON.stringify(message)}\n`)) this.#duplex.pause()
  }
}

function toolEntry({ name, doc, hints, inputSchema }: AnyTool): object {
  const { readOnly = false, destructive = false } = hints
  return {
    name,
    description: doc,
    inputSchema,
    annotations: { readOnlyHint: readOnly, destructiveHint: destructive, openWorldHint: false },
  }
}

function refusal(error: unknown): Answer {
  if (error instanceof RpcError) return { error: { code: error.code, message: error.message } }
  return { error: { code: new RpcError('internal', '').code, message: (error as Error).message } }
}
