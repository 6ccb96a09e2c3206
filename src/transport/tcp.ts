import { type AddressInfo, isIP, type Server, Socket } from 'node:net'
import { reasonText, systemCode } from '../errno/index.ts'
import { connected } from './connecting.ts'
import type { Duplex, Listener, ListenOptions } from './duplex.ts'
import { inetAddress } from './inet-address.ts'
import { SocketListener, socketServer } from './socket-listener.ts'
import { SocketWire } from './socket-wire.ts'
import { TransportError } from './transport-error.ts'
import { WireDuplex } from './wire-duplex.ts'

/** Where to listen or to connect. */
export interface InetTarget {
  /** A name or an address; without one, the loopback interface: QEMU would take every interface there is. */
  readonly host?: string
  /** A number, or its decimal text; 0 lets the system choose where to listen. */
  readonly port: number | string
  /** The last port to try when listening: the first free one is taken. */
  readonly to?: number
  /** Narrow a name to one family: `false` forbids one, `true` alone forbids the other. */
  readonly ipv4?: boolean
  readonly ipv6?: boolean
}

/**
 * Listens on TCP, on every address that the host name stands for.
 *
 * @throws {TransportError} `invalid`, if both families are forbidden; `resolve`, if the name or the port means nothing;
 *   `listen`, if no address could be had
 */
export async function listenTcp(target: InetTarget, options: ListenOptions): Promise<Listener> {
  options.signal?.throwIfAborted()
  const { addresses, port } = await resolve(target, 'listen')
  const servers: Server[] = []
  let taken: number | undefined
  let failure: unknown
  for (const { address } of addresses) {
    try {
      const server = await listenInRange(address, taken ?? port, taken ?? Math.max(port, target.to ?? port))
      servers.push(server)
      taken ??= (server.address() as AddressInfo).port
    } catch (error) {
      failure = error
    }
  }
  const first = servers[0]
  if (first === undefined) {
    const inUse = systemCode(failure) === 'EADDRINUSE'
    const what = inUse ? 'Failed to find an available port' : 'Failed to bind socket'
    throw new TransportError('listen', `${what}: ${reasonText(failure)}`, failure)
  }
  const { address: host, port: chosen } = first.address() as AddressInfo
  const listener = new SocketListener(inetAddress(host, chosen), servers, { ...options, wrap: tcpStream })
  if (options.signal?.aborted === true) await listener.close()
  options.signal?.throwIfAborted()
  return listener
}

/**
 * Connects over TCP, trying the addresses of the host name one after the other.
 *
 * @throws {TransportError} `invalid`, if both families are forbidden; `resolve`, if the name or the port means nothing;
 *   `connect`, if nobody answers there
 */
export async function connectTcp(
  target: InetTarget,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Duplex> {
  const { addresses, port } = await resolve(target, 'connect')
  let failure: unknown
  for (const { address } of addresses) {
    const socket = new Socket({ allowHalfOpen: true })
    socket.setNoDelay(true)
    socket.pause()
    socket.connect({ host: address, port })
    try {
      await connected(socket, signal)
      return tcpStream(socket)
    } catch (error) {
      if (signal?.aborted === true) throw error
      failure = error
    }
  }
  const where = `${target.host ?? ''}:${target.port}`
  throw new TransportError('connect', `Failed to connect to '${where}': ${reasonText(failure)}`, failure)
}

interface Resolved {
  readonly addresses: readonly { readonly address: string }[]
  readonly port: number
}

async function resolve({ host = '', port, ipv4, ipv6 }: InetTarget, use: 'listen' | 'connect'): Promise<Resolved> {
  const fail = (reason: string, cause?: unknown): TransportError =>
    new TransportError('resolve', `address resolution failed for ${host}:${port}: ${reason}`, cause)
  const family = familyOf(ipv4, ipv6)
  const number = /^\d+$/.test(String(port)) ? Number(port) : Number.NaN
  if (!(number <= 65535)) throw fail('Servname not supported for ai_socktype')
  const name = host === '' ? 'localhost' : host
  // Whoever connects over IPv6 alone may still name an IPv4 address: it is mapped.
  if (use === 'listen' && family !== 0 && isIP(name) === 10 - family)
    throw fail('Address family for hostname not supported')
  const { lookup } = await import('node:dns/promises') // who starts with unix sockets does not wait for it
  try {
    return { addresses: await lookup(name, { all: true, family, verbatim: true }), port: number }
  } catch (error) {
    throw fail('Name or service not known', error)
  }
}

/** The one family that is left, or 0 for both. */
function familyOf(ipv4: boolean | undefined, ipv6: boolean | undefined): 0 | 4 | 6 {
  if (ipv4 === false && ipv6 === false) throw new TransportError('invalid', 'Cannot disable IPv4 and IPv6 at same time')
  if (ipv4 === ipv6) return 0
  if (ipv4 === false || (ipv6 === true && ipv4 === undefined)) return 6
  return 4
}

/** Listens on the first free port of a range. */
async function listenInRange(host: string, from: number, to: number): Promise<Server> {
  for (let port = from; ; port++) {
    const server = socketServer()
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port, ipv6Only: true }, () => {
          server.off('error', reject)
          resolve()
        })
      })
      return server
    } catch (error) {
      server.close()
      if (systemCode(error) !== 'EADDRINUSE' || port >= to) throw error
    }
  }
}

function tcpStream(socket: Socket): Duplex {
  return new WireDuplex(new SocketWire(socket), {
    kind: 'inet',
    local: inetAddress(socket.localAddress, socket.localPort),
    remote: inetAddress(socket.remoteAddress, socket.remotePort),
  })
}
