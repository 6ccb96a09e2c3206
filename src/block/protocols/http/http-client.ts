import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { request as requestByTls, Agent as TlsAgent } from 'node:https'
import { clearTimeout, setTimeout } from '../../../timers/index.ts'
import { BlockError } from '../../block-error.ts'

const mostRedirects = 20
/** Two transfers at a time are enough to keep a line busy; more only wait for each other at the server. */
const connections = 4

export interface HttpClientOptions {
  /** Milliseconds that one answer may take, with its body. */
  readonly timeoutMs: number
  /** Whether the certificate must be right. */
  readonly verify: boolean
  /** For the server that the URL names, and no other. */
  readonly headers: Readonly<Record<string, string>>
}

/** What a server says of a file. */
export interface RemoteFile {
  readonly length: number
}

/** Reads ranges of one file over HTTP. Nothing that a server does takes longer than the limit, or more memory than asked. */
export class HttpClient {
  readonly #url: URL
  readonly #options: HttpClientOptions
  readonly #agents: { readonly 'http:': Agent; readonly 'https:': TlsAgent }
  readonly #ending = new AbortController()

  constructor(url: URL, options: HttpClientOptions) {
    this.#url = url
    this.#options = options
    const shared = { keepAlive: true, maxSockets: connections }
    this.#agents = {
      'http:': new Agent(shared),
      'https:': new TlsAgent({ ...shared, rejectUnauthorized: options.verify }),
    }
  }

  /** @throws {BlockError} kind `io`, with what `curl` says in such a case */
  async look(): Promise<RemoteFile> {
    const answer = await this.#ask('HEAD', {})
    answer.resume()
    const length = Number(answer.headers['content-length'] ?? Number.NaN)
    if (!Number.isSafeInteger(length)) throw failure("Server didn't report file size.")
    if (!/\bbytes\b/.test(answer.headers['accept-ranges'] ?? '')) {
      throw failure("Server does not support 'range' (byte ranges).")
    }
    return { length }
  }

  /**
   * Reads a range. A connection that ends amid it is tried once more.
   *
   * @throws {BlockError} kind `io`
   */
  async read(offset: number, length: number): Promise<Uint8Array> {
    try {
      return await this.#readOnce(offset, length)
    } catch (error) {
      if (!(error instanceof BlockError) || error.context.code !== dropped) throw error
      return this.#readOnce(offset, length)
    }
  }

  /** Ends what runs. Later requests fail. */
  close(): void {
    this.#ending.abort()
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }

  async #readOnce(offset: number, length: number): Promise<Uint8Array> {
    const answer = await this.#ask('GET', { range: `bytes=${offset}-${offset + length - 1}` })
    try {
      const start = /^bytes (\d+)-/.exec(answer.headers['content-range'] ?? '')?.[1]
      if (answer.statusCode !== 206 || Number(start) !== offset) throw failure('the answer is not the range')
      const bytes = new Uint8Array(length)
      let done = 0
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        bytes.set(chunk.subarray(0, length - done), done)
        done = Math.min(length, done + chunk.byteLength)
        if (done === length) return bytes
      }
      throw failure(`transfer closed with ${length - done} bytes remaining to read`, dropped)
    } catch (cause) {
      if (cause instanceof BlockError) throw cause
      throw failure((cause as Error).message, dropped)
    } finally {
      if (!answer.complete) answer.destroy()
    }
  }

  /** Sends a request, and follows where it is sent on to. */
  async #ask(method: 'GET' | 'HEAD', headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    let url = this.#url
    for (let hops = 0; hops <= mostRedirects; hops++) {
      const own = url.origin === this.#url.origin ? this.#options.headers : {}
      const answer = await this.#send(url, { method, headers: { ...own, ...headers } })
      const status = answer.statusCode ?? 0
      const { location } = answer.headers
      if (status < 300) return answer
      answer.resume()
      if (status >= 400) throw failure(`The requested URL returned error: ${status}`)
      if (location === undefined) throw failure(`The requested URL returned error: ${status}`)
      url = new URL(location, url)
      if (url.protocol !== 'http:' && url.protocol !== 'https:') {
        throw failure(`Protocol "${url.protocol.slice(0, -1)}" not supported`)
      }
    }
    throw failure(`Maximum (${mostRedirects}) redirects followed`)
  }

  #send(url: URL, { method, headers }: RequestOptions): Promise<IncomingMessage> {
    const { timeoutMs } = this.#options
    const { protocol } = url as { protocol: 'http:' | 'https:' }
    const ask = protocol === 'http:' ? request : requestByTls
    return new Promise((resolve, reject) => {
      const { signal } = this.#ending
      const sent = ask(url, { method, headers, agent: this.#agents[protocol], signal })
      const late = failure(`Operation timed out after ${timeoutMs} milliseconds`)
      const timer = setTimeout(() => sent.destroy(late), timeoutMs)
      sent.on('close', () => clearTimeout(timer))
      sent.on('error', (error) => reject(error instanceof BlockError ? error : unreachable(url, error)))
      sent.on('response', resolve)
      sent.end()
    })
  }
}

/** The connection ended. */
const dropped = 'ECONNRESET'

function unreachable(url: URL, error: NodeJS.ErrnoException): BlockError {
  const { code } = error
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return failure(`Could not resolve host: ${url.hostname}`)
  if (code === 'ECONNRESET') return failure('Empty reply from server', dropped)
  const port = url.port || (url.protocol === 'http:' ? '80' : '443')
  if (code === 'ECONNREFUSED') return failure(`Failed to connect to ${url.hostname} port ${port}: Connection refused`)
  return failure(error.message)
}

function failure(message: string, code?: string): BlockError {
  return new BlockError('io', message, code === undefined ? {} : { code })
}
