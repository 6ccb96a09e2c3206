import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server } from 'node:net'
import type { IpAddress } from './ip-address.ts'
import { formatIpv4, parseIpv4 } from './ipv4-address.ts'
import type { TcpService } from './tcp-service.ts'
import type { UdpService } from './udp-service.ts'

/** Of a forwarded UDP port: peers that a guest can answer, and how many of the silent ones are remembered. */
const mostPeers = 256
const firstPeerPort = 32_768

export interface ForwardRule {
  readonly protocol: 'tcp' | 'udp'
  /** Where the host listens: an address, or all of them. */
  readonly hostAddress: number
  /** 0: any that is free. */
  readonly hostPort: number
  /** Undefined: the first address that DHCP gives. */
  readonly guestAddress: number | undefined
  readonly guestPort: number
}

export interface ForwardParts {
  readonly rule: ForwardRule
  /** The guest's address that is meant. */
  readonly guest: number
  /** What a guest sees of a peer on this host. */
  readonly host: number
  readonly tcp: TcpService
  readonly udp: UdpService
  /** Somebody has come, or a datagram. */
  readonly arrived: () => void
}

/** A port of the host's that leads to one of the guest's. */
export interface HostForward {
  readonly rule: ForwardRule
  readonly guest: number
  /** Where the host listens in truth. */
  readonly port: number
  /** A datagram of the guest for one of its peers; false if there is no such peer. */
  answer?(guestPort: number, peer: IpAddress, peerPort: number, payload: Buffer): boolean
  close(): void
}

/** @throws {Error} what the system says, if the port is not to be had */
export function openForward(parts: ForwardParts): Promise<HostForward> {
  return parts.rule.protocol === 'tcp' ? openTcp(parts) : openUdp(parts)
}

async function openTcp({ rule, guest, host, tcp, arrived }: ForwardParts): Promise<HostForward> {
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    arrived()
    const address = seenAs(socket.remoteAddress, host)
    tcp.connect(socket, guest, rule.guestPort, { address, port: socket.remotePort ?? 0 })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: formatIpv4(rule.hostAddress), port: rule.hostPort, exclusive: true }, resolve)
  })
  const { port } = server.address() as { readonly port: number }
  return { rule, guest, port, close: () => void server.close() }
}

async function openUdp({ rule, guest, host, udp, arrived }: ForwardParts): Promise<HostForward> {
  const socket: UdpSocket = createSocket('udp4')
  /** Peers by what the guest sees of them. */
  const peers = new Map<string, { readonly address: string; readonly port: number }>()
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address: formatIpv4(rule.hostAddress), port: rule.hostPort, exclusive: true }, resolve)
  })
  socket.on('error', () => undefined)
  socket.on('message', (payload, { address, port }) => {
    arrived()
    const source = seenAs(address, host)
    const sourcePort = port === 0 ? firstPeerPort : port
    const key = `${source}:${sourcePort}`
    peers.delete(key)
    peers.set(key, { address, port })
    if (peers.size > mostPeers) peers.delete(peers.keys().next().value!)
    udp.send(source, guest, { sourcePort, destinationPort: rule.guestPort, payload })
  })
  return {
    ...{ rule, guest, port: socket.address().port },
    answer: (guestPort, peer, peerPort, payload) => {
      const found = guestPort === rule.guestPort ? peers.get(`${peer}:${peerPort}`) : undefined
      if (found === undefined) return false
      socket.send(Buffer.from(payload), found.port, found.address, () => undefined)
      return true
    },
    close: () => void socket.close(),
  }
}

/** Who is on this host is the gateway for the guest. */
function seenAs(text: string | undefined, host: number): number {
  const address = parseIpv4(text?.replace(/^::ffff:/, '') ?? '')
  return address === undefined || address >>> 24 === 127 || address === 0 ? host : address
}
