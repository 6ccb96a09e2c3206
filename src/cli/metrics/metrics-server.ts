import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { reasonText } from '../../errno/index.ts'
import { resolveInet, TransportError } from '../../transport/index.ts'
import { contentType } from './exposition.ts'

export interface MetricsPlace {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
}

/**
 * Serves metrics over HTTP: GET /metrics. Scrapes that come while one is going on share its answer.
 *
 * @param report - makes the text
 * @returns where it listens, and what ends it
 * @throws {TransportError} `resolve` or `listen`, if nobody can listen there
 */
export async function serveMetrics(
  { host, port }: MetricsPlace,
  report: () => Promise<string>,
): Promise<{ readonly url: string } & AsyncDisposable> {
  let going: Promise<string> | undefined
  const shared = (): Promise<string> => {
    going ??= report().finally(() => {
      going = undefined
    })
    return going
  }
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, (request, response) => {
    void answer(request, response, shared)
  })
  const { addresses } = await resolveInet({ host, port }, 'listen')
  try {
    server.listen(port, addresses[0]!.address)
    await once(server, 'listening')
  } catch (error) {
    throw new TransportError('listen', `Failed to listen at ${host}:${port}: ${reasonText(error)}`, error)
  }
  const address = server.address() as AddressInfo
  const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return {
    url: `http://${shown}:${address.port}/metrics`,
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  report: () => Promise<string>,
): Promise<void> {
  const say = (status: number, text: string, type = 'text/plain; charset=utf-8'): void => {
    response.writeHead(status, { 'content-type': type }).end(request.method === 'HEAD' ? undefined : text)
  }
  const path = (request.url ?? '').split('?')[0]
  if (request.method !== 'GET' && request.method !== 'HEAD') return say(405, 'only GET is allowed\n')
  if (path === '/') return say(200, 'vmon metrics: see /metrics\n')
  if (path !== '/metrics') return say(404, 'there is nothing but /metrics\n')
  try {
    say(200, await report(), contentType)
  } catch (error) {
    say(500, `${(error as Error).message}\n`)
  }
}
