import type { createServer, IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { reasonText, systemCode } from '../errno/index.ts'
import { adoptSocket, type Duplex, resolveInet, TransportError, WebsocketDuplex } from '../transport/index.ts'
import { Access, type Rights } from './access.ts'
import { type Filter, joinStreams } from './joined-streams.ts'
import { contentOf, type PageFile, pageFiles } from './page-files.ts'
import { watchOnlyQmp } from './watch-only-qmp.ts'
import { watchOnlyRfb } from './watch-only-rfb.ts'

export interface ConsoleAddress {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  /** The last port to try. */
  readonly to?: number
}

/** Opens a stream to a part of the machine. */
export type ServiceStream = () => Duplex | Promise<Duplex>

/** What the page works with. */
export interface ConsoleServices {
  readonly name: string
  /** QMP, from the greeting on. */
  readonly qmp: ServiceStream
  /** RFB, from the version on; undefined if there is no screen. */
  readonly screen: ServiceStream | undefined
  readonly serial: readonly { readonly name: string; readonly open: ServiceStream }[]
}

export interface ConsoleServerOptions {
  readonly services: ConsoleServices
  readonly log: (what: string, error: unknown) => void
  /** How long a browser may take for a request, in milliseconds. */
  readonly patienceMs?: number
}

interface Content {
  readonly type: string
  readonly bytes: Buffer
}

/** A service that a browser has asked for; what it says is filtered if it may only look. */
interface Asked {
  readonly open: ServiceStream
  readonly filter: Filter | undefined
}

const limits = { connections: 128, headerBytes: 16 << 10, patienceMs: 10_000, keepAliveMs: 5000 } as const

/** Serves the console page to who has one of its links. */
export class ConsoleServer implements AsyncDisposable {
  readonly #options: ConsoleServerOptions
  readonly #access: Access
  readonly #files: ReadonlyMap<string, PageFile>
  readonly #server: Server
  readonly #host: string
  readonly #streams = new Set<Duplex>()

  private constructor(host: string, options: ConsoleServerOptions, create: typeof createServer) {
    const patience = options.patienceMs ?? limits.patienceMs
    this.#options = options
    this.#host = host
    this.#access = new Access(host)
    this.#files = pageFiles()
    this.#server = create(
      {
        maxHeaderSize: limits.headerBytes,
        headersTimeout: patience,
        requestTimeout: patience,
        connectionsCheckingInterval: Math.min(patience, 1000),
        keepAliveTimeout: limits.keepAliveMs,
      },
      (request, response) => this.#answer(request, response),
    )
    this.#server.maxConnections = limits.connections
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head))
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuse(socket, statusOf(error)))
  }

  /** @throws {TransportError} `resolve` or `listen`, if it cannot; {Error} if the page has not been built */
  static async open(address: ConsoleAddress, options: ConsoleServerOptions): Promise<ConsoleServer> {
    // Loaded on demand: machines without the page start without it.
    const http = await import('node:http')
    const server = new ConsoleServer(address.host, options, http.createServer)
    await server.#listen(address)
    return server
  }

  /** The link by which everything is allowed, or that for looking only. */
  url(rights: Rights = 'control'): string {
    const { port, address } = this.#server.address() as AddressInfo
    const host = ['0.0.0.0', '::'].includes(address) ? 'localhost' : this.#host
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}/${this.#access.tokens[rights]}/`
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) stream.destroy()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #listen({ host, port, to = port }: ConsoleAddress): Promise<void> {
    const { addresses } = await resolveInet({ host, port }, 'listen')
    for (let at = port; ; at++) {
      try {
        await new Promise<void>((resolve, reject) => {
          this.#server.once('error', reject)
          this.#server.listen({ host: addresses[0]!.address, port: at }, () => {
            this.#server.off('error', reject)
            resolve()
          })
        })
        return
      } catch (error) {
        if (systemCode(error) === 'EADDRINUSE' && at < to) continue
        throw new TransportError('listen', `Failed to listen at ${host}:${at}: ${reasonText(error)}`, error)
      }
    }
  }

  /** What a request asks for, and what its link allows; a status if it is refused. */
  #admit({ headers, url = '' }: IncomingMessage): { readonly rights: Rights; readonly name: string } | number {
    if (!this.#access.knowsHost(headers.host)) return 421
    const [, token = '', name] = /^\/([^/?#]*)(?:\/([^?#]*))?(?:\?[^#]*)?$/.exec(url) ?? []
    const rights = this.#access.rightsOf(token)
    if (rights === undefined) return 403
    return name === undefined ? 404 : { rights, name }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume()
    for (const [name, value] of Object.entries(safety(request.headers.host ?? ''))) response.setHeader(name, value)
    const content = this.#contentFor(request)
    if (typeof content === 'number') fail(response, content)
    else send(response, content)
  }

  /** @returns a status if it is refused */
  #contentFor(request: IncomingMessage): Content | number {
    const admitted = this.#admit(request)
    if (typeof admitted === 'number') return admitted
    if (request.method !== 'GET' && request.method !== 'HEAD') return 405
    const { name, rights } = admitted
    if (name === 'about.json')
      return { type: 'application/json', bytes: Buffer.from(JSON.stringify(this.#about(rights))) }
    const file = this.#files.get(name)
    if (file === undefined) return 404
    try {
      return { type: file.type, bytes: contentOf(file) }
    } catch (error) {
      this.#options.log('a file of the console page cannot be read', error)
      return 500
    }
  }

  /** What the page has to know before it connects. */
  #about(rights: Rights) {
    const { name, screen, serial } = this.#options.services
    const viewer = this.#files.has('novnc/core/rfb.js') ? 'novnc' : 'own'
    return { name, rights, screen: screen !== undefined, viewer, serial: serial.map((port) => port.name) }
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => undefined)
    const asked = this.#streamFor(request)
    if (typeof asked === 'number') {
      refuse(socket, asked)
      return
    }
    socket.setTimeout(0)
    socket.unshift(Buffer.concat([Buffer.from(upgradeText(request.headers)), head]))
    void this.#serve(new WebsocketDuplex(adoptSocket(socket)), asked)
  }

  /** @returns a status if it is refused */
  #streamFor(request: IncomingMessage): Asked | number {
    const admitted = this.#admit(request)
    if (typeof admitted === 'number') return admitted
    if (!this.#access.isOwnOrigin(request.headers.origin, request.headers.host)) return 403
    const service = this.#serviceOf(admitted.name)
    if (service === undefined) return 404
    const { open, watchOnly } = service
    return { open, filter: admitted.rights === 'watch' ? watchOnly() : undefined }
  }

  #serviceOf(name: string): { readonly open: ServiceStream; readonly watchOnly: () => Filter } | undefined {
    const { qmp, screen, serial } = this.#options.services
    if (name === 'qmp') return { open: qmp, watchOnly: watchOnlyQmp }
    if (name === 'screen') return screen && { open: screen, watchOnly: watchOnlyRfb }
    const port = /^serial\/(\d{1,2})$/.exec(name)?.[1]
    const open = port === undefined ? undefined : serial[Number(port)]?.open
    return open && { open, watchOnly: () => () => ({ forward: new Uint8Array(0) }) }
  }

  async #serve(viewer: WebsocketDuplex, { open, filter }: Asked): Promise<void> {
    this.#streams.add(viewer)
    try {
      if (!(await viewer.opened())) return
      await joinStreams(viewer, await open(), filter)
    } catch (error) {
      this.#options.log('the machine cannot be reached', error)
      viewer.destroy()
    } finally {
      this.#streams.delete(viewer)
    }
  }
}

/** The request by which a browser asks for a WebSocket, without what nobody needs. */
function upgradeText(headers: IncomingMessage['headers']): string {
  const names = [
    'host',
    'upgrade',
    'connection',
    'sec-websocket-key',
    'sec-websocket-version',
    'sec-websocket-protocol',
  ]
  const lines = names.flatMap((name) => (headers[name] === undefined ? [] : [`${name}: ${String(headers[name])}`]))
  return ['GET / HTTP/1.1', ...lines, '', ''].join('\r\n')
}

/** What keeps a page from elsewhere from using this one, and this one from loading anything from elsewhere. */
function safety(host: string): Readonly<Record<string, string>> {
  const sockets = /^[\w.:[\]-]+$/.test(host) ? ` ws://${host}` : ''
  return {
    'Content-Security-Policy': [
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:",
      `connect-src 'self'${sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    ].join('; '),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  }
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  421: 'Misdirected Request',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
}

function statusOf({ code }: NodeJS.ErrnoException): number {
  if (code === 'HPE_HEADER_OVERFLOW') return 431
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
}

function send(response: ServerResponse, { type, bytes }: Content): void {
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': bytes.length })
  response.end(response.req.method === 'HEAD' ? undefined : bytes)
}

function fail(response: ServerResponse, status: number): void {
  const text = `${reasons[status]}\n`
  if (status === 405) response.setHeader('Allow', 'GET, HEAD')
  response.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': text.length, Connection: 'close' })
  response.end(text)
}

function refuse(socket: Socket, status: number): void {
  if (socket.writable) socket.end(`HTTP/1.1 ${status} ${reasons[status]}\r\nConnection: close\r\n\r\n`)
  socket.destroySoon()
}
