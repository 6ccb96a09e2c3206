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
  const tcp = /^(?:tcp:)?(\[[^\]]+\]|[^:/[\]]*):(\d+)$/.exec(address)
  if (tcp === null || address.startsWith('unix:')) return connectUnix(address.replace(/^unix:/, ''), options)
  const host = tcp[1]!.replace(/^\[(.*)\]$/, '$1') || 'localhost'
  return connectTcp({ host, port: Number(tcp[2]) }, options)
}
