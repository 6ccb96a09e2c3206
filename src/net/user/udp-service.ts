import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Clock, Timer } from './clock.ts'
import type { HostTarget } from './host-address.ts'
import type { IpAddress } from './ip-address.ts'
import { type IpPacket, type IpSender, protocols } from './ip-packet.ts'
import { readUdp, type UdpDatagram, udpBytes } from './udp.ts'

/** How many peers a guest may speak with; who has been silent longest is forgotten first. */
const mostSessions = 512
/** How long a silent one is remembered, in milliseconds. */
const patience = 240_000
const dnsPatience = 10_000
/** Datagrams that may wait until a socket is there. */
const mostEarly = 16
const dnsPort = 53

interface Session {
  readonly guest: IpAddress
  readonly guestPort: number
  readonly peer: IpAddress
  readonly peerPort: number
  readonly socket: Socket
  /** Undefined as soon as the socket is there. */
  early: Buffer[] | undefined
  /** For the guest to be told of, if nobody takes it. */
  last: IpPacket
  timer: Timer
  /** When it will be forgotten. */
  until: number
}

/** A session, as others see it. */
export interface UdpSession {
  readonly guest: IpAddress
  readonly guestPort: number
  readonly peer: IpAddress
  readonly peerPort: number
  /** Until it is forgotten. */
  readonly secondsLeft: number
}

export interface UdpServiceParts {
  readonly clock: Clock
  readonly ip: IpSender
  readonly targetOf: (address: IpAddress, port: number) => HostTarget | undefined
  /** Something of ours answers at an address. */
  readonly served: (packet: IpPacket, datagram: UdpDatagram) => boolean
  /** A peer has said something that the guest is about to hear. */
  readonly heard?: (peer: IpAddress, peerPort: number, payload: Buffer) => void
}

/** The guest's UDP: each pair of ends has a socket of the host's, which hears that one peer only. */
export class UdpService {
  readonly #parts: UdpServiceParts
  readonly #sessions = new Map<string, Session>()

  constructor(parts: UdpServiceParts) {
    this.#parts = parts
  }

  list(): readonly UdpSession[] {
    const now = this.#parts.clock.now()
    return [...this.#sessions.values()].map(({ guest, guestPort, peer, peerPort, until }) => ({
      ...{ guest, guestPort, peer, peerPort, secondsLeft: Math.max(0, Math.floor((until - now) / 1000)) },
    }))
  }

  receive(packet: IpPacket): void {
    const datagram = readUdp(packet)
    if (datagram === undefined || this.#parts.served(packet, datagram)) return
    const { destination } = packet
    const key = `${packet.source}:${datagram.sourcePort} ${destination}:${datagram.destinationPort}`
    const session = this.#sessions.get(key) ?? this.#begin(key, packet, datagram)
    if (session === undefined) return
    session.last = packet
    this.#touch(key, session)
    // What is kept is a copy: the frame is not ours.
    const payload = Buffer.from(datagram.payload)
    if (session.early === undefined) this.#pass(key, session, payload)
    else if (session.early.length < mostEarly) session.early.push(payload)
  }

  /** Sends the guest a datagram of its peer. */
  send(source: IpAddress, destination: IpAddress, datagram: UdpDatagram): void {
    this.#parts.ip.send({ protocol: protocols.udp, source, destination }, udpBytes(source, destination, datagram))
  }

  close(): void {
    for (const key of [...this.#sessions.keys()]) this.#end(key)
  }

  #begin(key: string, packet: IpPacket, datagram: UdpDatagram): Session | undefined {
    const { ip, clock, targetOf } = this.#parts
    const target = targetOf(packet.destination, datagram.destinationPort)
    if (target === undefined) {
      if (packet.destination !== 0xffffffff) ip.refuse(packet, 'port')
      return undefined
    }
    if (this.#sessions.size >= mostSessions) this.#end(this.#sessions.keys().next().value!)
    const socket = createSocket(isIPv6(target.address) ? 'udp6' : 'udp4')
    const session: Session = {
      ...{ guest: packet.source, guestPort: datagram.sourcePort },
      ...{ peer: packet.destination, peerPort: datagram.destinationPort },
      ...{ socket, early: [], last: packet, timer: clock.after(patience, () => this.#end(key)), until: 0 },
    }
    this.#sessions.set(key, session)
    socket.on('message', (payload) => {
      if (this.#sessions.get(key) !== session) return
      this.#touch(key, session)
      this.#parts.heard?.(session.peer, session.peerPort, payload)
      const ports = { sourcePort: session.peerPort, destinationPort: session.guestPort }
      this.send(session.peer, session.guest, { ...ports, payload })
    })
    socket.on('error', (error) => this.#failed(key, session, error))
    socket.connect(target.port, target.address, () => {
      if (this.#sessions.get(key) !== session) return
      const early = session.early ?? []
      session.early = undefined
      for (const payload of early) this.#pass(key, session, payload)
    })
    return session
  }

  #pass(key: string, session: Session, payload: Buffer): void {
    if (this.#sessions.get(key) !== session) return
    session.socket.send(payload, (error) => {
      if (error !== null) this.#failed(key, session, error)
    })
  }

  /** The guest hears that its peer does not listen, or cannot be reached. */
  #failed(key: string, session: Session, error: NodeJS.ErrnoException): void {
    if (this.#sessions.get(key) !== session || error.code === 'EMSGSIZE') return
    this.#parts.ip.refuse(session.last, error.code === 'ECONNREFUSED' ? 'port' : 'host')
    this.#end(key)
  }

  /** It is the last that will be forgotten. */
  #touch(key: string, session: Session): void {
    session.timer.cancel()
    const milliseconds = session.peerPort === dnsPort ? dnsPatience : patience
    session.timer = this.#parts.clock.after(milliseconds, () => this.#end(key))
    session.until = this.#parts.clock.now() + milliseconds
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
  }

  #end(key: string): void {
    const session = this.#sessions.get(key)
    if (session === undefined) return
    session.timer.cancel()
    this.#sessions.delete(key)
    session.socket.close()
  }
}
