import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { fstatSync } from 'node:fs'
import { connect, createServer, isIPv4, type Server, Socket } from 'node:net'
import { reasonText } from '../../errno/index.ts'
import { isSocket } from '../../transport/index.ts'
import type { NetBackend } from '../backend.ts'
import type { NetClient } from '../net-client.ts'
import { NetError } from '../net-error.ts'
import type { SocketOptions } from '../netdev-options.ts'
import { DatagramEnd } from './datagram-end.ts'
import { StreamEnd } from './stream-end.ts'

interface Target {
  readonly address: string
  readonly port: number
}

/** Frames to and from other emulators, by a socket (`-netdev socket`). @throws {NetError} kind `refused`, in QEMU's words */
export async function openSocket(client: NetClient, options: SocketOptions): Promise<NetBackend> {
  const { fd, listen, connect: to, mcast, udp, localaddr } = options
  const ways = [fd, listen, to, mcast, udp].filter((way) => way !== undefined)
  if (ways.length !== 1) throw refused('exactly one of listen=, connect=, mcast= or udp= is required')
  if (localaddr !== undefined && mcast === undefined && udp === undefined)
    throw refused('localaddr= is only valid with mcast= or udp=')
  if (fd !== undefined) return openDescriptor(client, fd)
  if (listen !== undefined) return openListening(client, targetOf(listen))
  if (to !== undefined) return openConnecting(client, targetOf(to), to)
  if (mcast !== undefined) return openGroup(client, targetOf(mcast), localaddr)
  if (localaddr === undefined) throw refused('localaddr= is mandatory with udp=')
  return openDatagrams(client, { local: targetOf(localaddr), remote: targetOf(udp!) })
}

async function openListening(client: NetClient, at: Target): Promise<NetBackend> {
  const { address, port } = await resolved(at)
  const end = new StreamEnd(client)
  client.end = end
  const server: Server = createServer((socket) => {
    // One at a time: whoever comes meanwhile has to come again.
    if (end.connected) {
      socket.destroy()
      return
    }
    client.info = () => `connection from ${socket.remoteAddress}:${socket.remotePort}`
    end.use(socket, () => {
      client.info = () => ''
    })
  })
  await new Promise<void>((resolve, reject) => {
    // Later ones are of connections that cannot be taken.
    server.on('error', (error) => reject(refused(`can't bind ip=${address} to socket: ${reasonText(error)}`)))
    server.listen({ host: address, port }, resolve)
  })
  return {
    close: () => {
      server.close()
      end.close()
    },
  }
}

/** A connected socket that the program was started with, or was given; it is closed with the back end. */
function openDescriptor(client: NetClient, text: string): NetBackend {
  if (!/^\d+$/.test(text)) throw refused(`Invalid file descriptor number '${text}'`)
  const fd = Number(text)
  if (!isOpen(fd)) throw refused(`${client.name}: Can't use file descriptor ${fd}: Bad file descriptor`)
  if (!isSocket(fd)) throw refused("can't get socket option SO_TYPE")
  const end = new StreamEnd(client)
  let socket: Socket
  try {
    socket = new Socket({ fd })
  } catch (error) {
    throw refused(`a socket of datagrams cannot be used by its descriptor here: ${fd}`, error)
  }
  client.end = end
  client.info = () => `fd=${fd}`
  end.use(socket, () => {
    client.info = () => ''
  })
  return { close: () => end.close() }
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd)
    return true
  } catch {
    return false
  }
}

async function openConnecting(client: NetClient, to: Target, text: string): Promise<NetBackend> {
  const { address, port } = await resolved(to)
  const end = new StreamEnd(client)
  client.end = end
  const socket: Socket = connect({ host: address, port })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', (error) => reject(refused(`can't connect socket: ${reasonText(error)}`)))
  })
  client.info = () => `connect to ${text}`
  end.use(socket, () => {
    client.info = () => ''
  })
  return { close: () => end.close() }
}

/** Frames as datagrams to a group. @throws {NetError} kind `refused`, in QEMU's words */
export async function openGroup(client: NetClient, to: Target, local: string | undefined): Promise<NetBackend> {
  const group = await resolved(to)
  const { address, port } = group
  if (local !== undefined && !isIPv4(local)) throw refused(`localaddr '${local}' is not a valid IPv4 address`)
  const first = Number(address.split('.')[0])
  if (!(first >= 224 && first < 240))
    throw refused(`specified mcastaddr ${address} (0x${hex(address)}) does not contain a multicast address`)
  const socket = await boundSocket(group, (socket) => {
    attempt(`can't add socket to multicast group ${address}`, () => socket.addMembership(address, local))
    attempt("can't force multicast message to loopback", () => socket.setMulticastLoopback(true))
    if (local !== undefined)
      attempt("can't set the default network send interface", () => socket.setMulticastInterface(local))
  })
  const end = new DatagramEnd(client, socket, group)
  client.end = end
  client.info = () => `mcast=${address}:${port}`
  return { close: () => end.close() }
}

/** Frames as datagrams between two. @throws {NetError} kind `refused`, in QEMU's words */
export async function openDatagrams(
  client: NetClient,
  { local, remote }: { readonly local: Target; readonly remote: Target },
): Promise<NetBackend> {
  const here = await resolved(local)
  const there = await resolved(remote)
  const end = new DatagramEnd(client, await boundSocket(here), there)
  client.end = end
  client.info = () => `udp=${here.address}:${here.port}/${there.address}:${there.port}`
  return { close: () => end.close() }
}

/** A socket at an address; it is closed if it cannot be there, or if `setUp` throws. */
async function boundSocket(
  { address, port }: Target,
  setUp: (socket: DatagramSocket) => void = () => undefined,
): Promise<DatagramSocket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => reject(refused(`can't bind ip=${address} to socket: ${reasonText(error)}`)))
      socket.bind({ port, address }, resolve)
    })
    setUp(socket)
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

/** Sets something of a socket. @throws {NetError} kind `refused`: what could not be done, and why */
function attempt(failure: string, set: () => void): void {
  try {
    set()
  } catch (error) {
    throw refused(`${failure}: ${reasonText(error)}`)
  }
}

/** The address of a host, by number or by name. @throws {NetError} kind `refused`, in QEMU's words */
async function resolved({ address, port }: Target): Promise<Target> {
  if (isIPv4(address)) return { address, port }
  if (/^\d/.test(address)) throw refused(`host address '${address}' is not a valid IPv4 address`)
  const found = await lookup(address, { family: 4 }).catch(() => undefined)
  if (found?.family !== 4) throw refused(`can't resolve host address '${address}'`)
  return { address: found.address, port }
}

/** Reads `[host]:port`; no host is any of this machine. */
function targetOf(text: string): Target {
  const colon = text.indexOf(':')
  if (colon < 0) throw refused(`host address '${text}' doesn't contain ':' separating host from port`)
  const port = Number(text.slice(colon + 1))
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw refused(`port number '${text.slice(colon + 1)}' is invalid`)
  return { address: text.slice(0, colon) || '0.0.0.0', port }
}

function hex(address: string): string {
  return address
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
}

function refused(message: string, cause?: unknown): NetError {
  return new NetError('refused', message, cause)
}
