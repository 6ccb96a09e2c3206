import type { Duplex, Listener, ListenOptions } from './duplex.ts'
import { listenFd, openFd } from './inherited.ts'
import type { InetTarget } from './resolve-inet.ts'
import { connectTcp, listenTcp } from './tcp.ts'
import { TransportError } from './transport-error.ts'
import { connectUnix, listenUnix } from './unix.ts'

/** Where a program listens, or whom it calls (QAPI's SocketAddress). */
export type SocketAddress =
  | ({ readonly type: 'inet'; readonly host: string } & InetTarget)
  | { readonly type: 'unix'; readonly path: string; readonly abstract?: boolean | undefined }
  | { readonly type: 'vsock' }
  /** A socket that this process was given: its number. */
  | { readonly type: 'fd'; readonly str: string }

/** @throws {TransportError} as the way to listen that it is */
export function listenAt(address: SocketAddress, options: ListenOptions): Promise<Listener> {
  switch (address.type) {
    case 'inet':
      return listenTcp(address, options)
    case 'unix':
      return listenUnix(pathOf(address), options)
    case 'fd':
      return listenFd(numberOf(address), options)
    case 'vsock':
      throw noVsock()
  }
}

/** @throws {TransportError} as the way to connect that it is */
export async function connectTo(
  address: SocketAddress,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Duplex> {
  switch (address.type) {
    case 'inet':
      return connectTcp(address, options)
    case 'unix':
      return connectUnix(pathOf(address), options)
    case 'fd':
      return openFd(numberOf(address))
    case 'vsock':
      throw noVsock()
  }
}

function pathOf({ path, abstract = false }: Extract<SocketAddress, { type: 'unix' }>): string {
  if (abstract) throw new TransportError('unsupported', 'Unix sockets without a file are not available here')
  return path
}

function numberOf({ str }: Extract<SocketAddress, { type: 'fd' }>): number {
  if (/^\d+$/.test(str)) return Number(str)
  throw new TransportError('invalid', `File descriptor named '${str}' has not been found`)
}

function noVsock(): TransportError {
  return new TransportError('unsupported', 'socket family AF_VSOCK unsupported')
}
