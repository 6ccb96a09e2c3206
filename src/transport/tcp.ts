import { type AddressInfo, type Server, Socket } from 'node:net'
import { reasonText, systemCode } from '../errno/index.ts'
import { connected } from './connecting.ts'
import type { Duplex, Listener, ListenOptions } from './duplex.ts'
import { inetAddress } from './inet-address.ts'
import { type InetTarget, resolveInet } from './resolve-inet.ts'
import { SocketListener, socketServer } from './socket-listener.ts'
import { SocketWire } from './socket-wire.ts'
import { TransportError } from './transport-error.ts'
import { WireDuplex } from './wire-duplex.ts'

/** What is said to have failed, by why. */
const failures: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Failed to find an available port',
  EMFILE: 'Failed to create a socket',
  ENFILE: 'Failed to create a socket',
}

/**
 * Listens on TCP, on every address that the host name stands for.
 *
 * @throws {TransportError} `invalid`, if both families are forbidden; `resolve`, if the name or the port means nothing;
 *   `listen`, if no address could be had, or the last port to try is before the first
 */
export async function listenTcp(target: InetTarget, options: ListenOptions): Promise<Listener> {
  options.signal?.throwIfAborted()
  const { addresses, port } = await resolveInet(target, 'listen')
  if (target.to !== undefined && target.to < port) throw new TransportError('listen', 'Failed to create a socket')
  const servers: Server[] = []
  let taken: number | undefined
  let failure: unknown
  for (const { address } of addresses) {
    try {
      const range = { from: taken ?? port, to: taken ?? target.to ?? port }
      const server = await listenInRange(address, range, takesBoth(target))
      servers.push(server)
      taken ??= (server.address() as AddressInfo).port
    } catch (error) {
      failure = error
    }
  }
  const first = servers[0]
  if (first === undefined) {
    const what = failures[systemCode(failure) ?? ''] ?? 'Failed to bind socket'
    throw new TransportError('listen', `${what}: ${reasonText(failure)}`, failure)
  }
  const { address: host, port: chosen } = first.address() as AddressInfo
  const listener = new SocketListener(inetAddress(host, chosen), servers, { ...options, wrap: adoptSocket })
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
  const { addresses, port } = await resolveInet(target, 'connect')
  let failure: unknown
  for (const { address } of addresses) {
    const socket = new Socket({ allowHalfOpen: true })
    socket.setNoDelay(true)
    socket.pause()
    socket.connect({ host: address, port })
    try {
      await connected(socket, signal)
      return adoptSocket(socket)
    } catch (error) {
      if (signal?.aborted === true) throw error
      failure = error
    }
  }
  const where = `${target.host ?? ''}:${target.port}`
  throw new TransportError('connect', `Failed to connect to '${where}': ${reasonText(failure)}`, failure)
}

/** Whether a socket of IPv6 takes those who come by IPv4, too: where no family was asked for, or both. */
function takesBoth({ ipv4, ipv6 }: InetTarget): boolean {
  return ipv4 === ipv6 && ipv4 !== false
}

interface Ports {
  readonly from: number
  readonly to: number
}

/** Listens on the first free port of a range; on IPv6 alone, where another socket has the port on IPv4. */
async function listenInRange(host: string, { from, to }: Ports, both: boolean): Promise<Server> {
  for (let port = from; ; port++) {
    for (const ipv6Only of both ? [false, true] : [true]) {
      const server = socketServer()
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject)
          server.listen({ host, port, ipv6Only }, () => {
            server.off('error', reject)
            resolve()
          })
        })
        return server
      } catch (error) {
        server.close()
        if (systemCode(error) !== 'EADDRINUSE' || (ipv6Only && port >= to)) throw error
      }
    }
  }
}

/** A socket of Node's that is connected: the stream owns it from here on. */
export function adoptSocket(socket: Socket): Duplex {
  return new WireDuplex(new SocketWire(socket), {
    kind: 'inet',
    local: inetAddress(socket.localAddress, socket.localPort),
    remote: inetAddress(socket.remoteAddress, socket.remotePort),
  })
}
