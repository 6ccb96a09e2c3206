import { deadline } from '../async/index.ts'
import { QmpClient, type QmpClientOptions } from '../client/index.ts'
import { connectTcp, connectUnix, type Duplex } from '../transport/index.ts'

export interface ConnectOptions extends QmpClientOptions {
  /** Gives up after so many milliseconds. */
  readonly timeoutMs?: number
}

/**
 * Connects to a QMP server, vmon's or QEMU's.
 *
 * @param address `unix:PATH`, `PATH`, `tcp:HOST:PORT` or `HOST:PORT`
 * @throws {TransportError} if nobody listens there
 * @throws {ProtocolError} if who listens does not speak QMP
 * @throws {DeadlineError} if `timeoutMs` pass before it has greeted; or the reason of `signal`
 */
export async function connectQmp(
  address: string,
  { timeoutMs, signal, ...options }: ConnectOptions = {},
): Promise<QmpClient> {
  const limit = timeoutMs === undefined ? undefined : deadline(timeoutMs, signal, `Connecting to ${address}`)
  const until = limit?.signal ?? signal
  try {
    return await QmpClient.connect(await openAddress(address, until), { ...options, ...(until && { signal: until }) })
  } finally {
    limit?.clear()
  }
}

/** Opens a connection to an address as `connectQmp` takes it. @throws {TransportError} */
export function openAddress(address: string, signal?: AbortSignal): Promise<Duplex> {
  const options = signal === undefined ? {} : { signal }
  const place = tcpPlace(address)
  return place === undefined ? connectUnix(address.replace(/^unix:/, ''), options) : connectTcp(place, options)
}

/** Where an address leads over TCP, as `connectQmp` takes it; undefined for that of a unix socket. */
export function tcpPlace(address: string): { readonly host: string; readonly port: number } | undefined {
  const tcp = /^(?:tcp:)?(\[[^\]]+\]|[^:/[\]]*):(\d+)$/.exec(address)
  if (tcp === null || address.startsWith('unix:')) return undefined
  return { host: tcp[1]!.replace(/^\[(.*)\]$/, '$1') || 'localhost', port: Number(tcp[2]) }
}
