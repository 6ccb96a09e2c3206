import { createSocket } from 'node:dgram'
import { connect, createServer, type Server, type Socket } from 'node:net'
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
  if (fd !== undefined) throw refused('descriptors cannot be used as back ends here')
  if (listen !== undefined) return openListening(client, targetOf(listen))
  if (to !== undefined) return openConnecting(client, targetOf(to), to)
  if (mcast !== undefined) return openGroup(client, targetOf(mcast), localaddr)
  if (localaddr === undefined) throw refused('localaddr= is mandatory with udp=')
  return openDatagrams(client, { local: targetOf(localaddr), remote: targetOf(udp!) })
}

async function openListening(client: NetClient, { address, port }: Target): Promise<NetBackend> {
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
    server.once('error', (error) => reject(refused(`can't bind ip=${address} to socket: ${error.message}`)))
    server.listen({ host: address, port }, resolve)
  })
  return {
    close: () => {
      server.close()
      end.close()
    },
  }
}

async function openConnecting(client: NetClient, { address, port }: Target, text: string): Promise<NetBackend> {
  const end = new StreamEnd(client)
  client.end = end
  const socket: Socket = connect({ host: address, port })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', (error: NodeJS.ErrnoException) => reject(refused(`can't connect socket: ${wordsOf(error)}`)))
  })
  client.info = () => `connect to ${text}`
  end.use(socket, () => {
    client.info = () => ''
  })
  return { close: () => end.close() }
}

/** Frames as datagrams to a group. @throws {NetError} kind `refused`, in QEMU's words */
export async function openGroup(client: NetClient, group: Target, local: string | undefined): Promise<NetBackend> {
  const first = Number(group.address.split('.')[0])
  if (!(first >= 224 && first < 240))
    throw refused(`specified mcastaddr ${group.address} (0x${hex(group.address)}) does not contain a multicast address`)
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  await bound(socket, group.port, group.address)
  socket.addMembership(group.address, local)
  if (local !== undefined) socket.setMulticastInterface(local)
  socket.setMulticastLoopback(true)
  const end = new DatagramEnd(client, socket, group)
  client.end = end
  client.info = () => `mcast=${group.address}:${group.port}`
  return { close: () => end.close() }
}

/** Frames as datagrams between two. */
export async function openDatagrams(
  client: NetClient,
  { local, remote }: { readonly local: Target; readonly remote: Target },
): Promise<NetBackend> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  await bound(socket, local.port, local.address)
  const end = new DatagramEnd(client, socket, remote)
  client.end = end
  client.info = () => `udp=${local.address}:${local.port}/${remote.address}:${remote.port}`
  return { close: () => end.close() }
}

function bound(socket: ReturnType<typeof createSocket>, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      reject(refused(`can't bind ip=${address} to socket: ${wordsOf(error)}`))
    })
    socket.bind({ port, address }, resolve)
  })
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

const texts: Readonly<Record<string, string>> = {
  ...{ ECONNREFUSED: 'Connection refused', EADDRINUSE: 'Address already in use' },
  ...{ EADDRNOTAVAIL: 'Cannot assign requested address', EACCES: 'Permission denied' },
}

function wordsOf(error: NodeJS.ErrnoException): string {
  return texts[error.code ?? ''] ?? error.message
}

function refused(message: string): NetError {
  return new NetError('refused', message)
}
