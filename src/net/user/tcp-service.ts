import { randomInt } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Clock } from './clock.ts'
import type { HostTarget } from './host-address.ts'
import { cutOff, HostStream, type PeerSocket } from './host-stream.ts'
import type { IpAddress } from './ip-address.ts'
import { type IpPacket, type IpSender, protocols } from './ip-packet.ts'
import type { Outbox } from './outbox.ts'
import type { ReassemblyPool } from './tcp/reassembly.ts'
import { flags, readTcp, type TcpHead, type TcpSegment, tcpLength, writeTcp } from './tcp/segment.ts'
import { TcpConnection, type TcpPath, type TcpUser } from './tcp/tcp-connection.ts'

/** Connections that a guest may have, and how many of them may yet wait for their peer. */
const mostConnections = 4096
const mostOpening = 512
/** What a guest's bytes may occupy that nobody has read, in all connections and in each. */
const memoryLimit = 64 * 1024 * 1024
const largestWindow = 1024 * 1024
const smallestWindow = 32 * 1024
/** What came too early, of all connections together. */
const reassemblyLimit = 16 * 1024 * 1024
const firstEphemeral = 49_152

/** Both ends of a connection as the guest sees it: its own, and its peer's. */
export interface GuestEnds {
  readonly guest: IpAddress
  readonly guestPort: number
  readonly peer: IpAddress
  readonly peerPort: number
}

export interface TcpServiceParts {
  readonly clock: Clock
  readonly ip: IpSender
  readonly outbox: Outbox
  /** What a guest means by an address; undefined for what it is not to reach. */
  readonly targetOf: (address: IpAddress, port: number) => HostTarget | undefined
  /** Opens what is at an address of the network itself, if anything is. */
  readonly forwardAt: (address: IpAddress, port: number) => PeerSocket | undefined
}

interface Entry {
  readonly ends: GuestEnds
  readonly connection: TcpConnection
  readonly socket: PeerSocket | undefined
}

/** The guest's TCP connections, each with one of the host's behind it. */
export class TcpService {
  readonly #parts: TcpServiceParts
  readonly #entries = new Map<string, Entry>()
  readonly #pool: ReassemblyPool = { free: reassemblyLimit }
  #opening = 0
  #nextPort = firstEphemeral

  constructor(parts: TcpServiceParts) {
    this.#parts = parts
  }

  /** What there is, in the order in which it came, and how many bytes of the guest's wait for the peer. */
  list(): readonly (Pick<Entry, 'ends' | 'connection'> & { readonly waiting: number })[] {
    return [...this.#entries.values()].map(({ ends, connection, socket }) => ({
      ...{ ends, connection, waiting: socket?.writableLength ?? 0 },
    }))
  }

  receive(packet: IpPacket): void {
    const segment = readTcp(packet)
    if (segment === undefined) return
    const ends = {
      ...{ guest: packet.source, guestPort: segment.sourcePort },
      ...{ peer: packet.destination, peerPort: segment.destinationPort },
    }
    const key = keyOf(ends)
    const entry = this.#entries.get(key)
    const isOpening = (segment.flags & (flags.syn | flags.ack | flags.rst)) === flags.syn
    if (entry !== undefined && !(isOpening && entry.connection.state === 'time-wait')) {
      if (entry.connection.state === 'opening' && segment.flags & flags.rst) entry.connection.abort()
      else entry.connection.receive(segment)
      return
    }
    entry?.connection.abort()
    if (isOpening) this.#open(ends, packet, segment)
    else this.#refuse(ends, segment)
  }

  /** Lets a peer of the host's be connected with a guest; `source` is what the guest is to see. */
  connect(
    socket: Socket,
    guest: IpAddress,
    guestPort: number,
    source: { readonly address: IpAddress; readonly port: number },
  ): void {
    const ends = this.#freeEnds({ guest, guestPort, peer: source.address, peerPort: source.port })
    if (ends === undefined || this.#entries.size >= mostConnections) {
      socket.resetAndDestroy()
      return
    }
    const stream = new HostStream(socket)
    const user: TcpUser = {
      get waiting() {
        return stream.waiting
      },
      data: (bytes) => stream.data(bytes),
      end: () => stream.end(),
      drained: () => stream.drained(),
      failed: () => stream.failed(),
      opened: () => stream.join(connection),
    }
    const connection = this.#add(ends, user, socket)
    socket.once('close', () => {
      if (connection.state === 'syn-sent') connection.abort()
    })
    connection.connect()
  }

  close(): void {
    for (const { connection, socket } of this.#entries.values()) {
      connection.abort()
      socket?.destroy()
    }
  }

  #open(ends: GuestEnds, packet: IpPacket, segment: TcpSegment): void {
    if (this.#entries.size < mostConnections) {
      const forwarded = this.#parts.forwardAt(ends.peer, ends.peerPort)
      if (forwarded !== undefined) {
        const stream = new HostStream(forwarded)
        const connection = this.#add(ends, stream, forwarded)
        connection.accept(segment)
        stream.join(connection)
        return
      }
    }
    const target = this.#parts.targetOf(ends.peer, ends.peerPort)
    if (target === undefined) {
      this.#refuse(ends, segment)
      return
    }
    // The guest asks again by itself.
    if (this.#entries.size >= mostConnections || this.#opening >= mostOpening) return
    const socket = connect({ host: target.address, port: target.port, allowHalfOpen: true })
    const stream = new HostStream(socket)
    const connection = this.#add(ends, stream, socket)
    this.#opening++
    let isOpening = true
    const settled = (): void => {
      if (isOpening) this.#opening--
      isOpening = false
    }
    socket.once('connect', () => {
      settled()
      if (connection.state === 'closed') return
      connection.accept(segment)
      stream.join(connection)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (!isOpening) return
      settled()
      // It ends without a word to the guest; then it hears why.
      connection.abort()
      this.#tellFailure(error.code, ends, packet, segment)
    })
    socket.once('close', () => {
      settled()
      if (connection.state === 'opening') connection.abort()
    })
  }

  #tellFailure(code: string | undefined, ends: GuestEnds, packet: IpPacket, segment: TcpSegment): void {
    const { ip } = this.#parts
    if (code === 'EHOSTUNREACH' || code === 'ETIMEDOUT' || code === 'EHOSTDOWN') ip.refuse(packet, 'host')
    else if (code === 'ENETUNREACH') ip.refuse(packet, 'network')
    else this.#refuse(ends, segment)
  }

  #add(ends: GuestEnds, user: TcpUser, socket: PeerSocket | undefined): TcpConnection {
    const key = keyOf(ends)
    const { clock, outbox } = this.#parts
    const path: TcpPath = {
      get clear() {
        return outbox.clear
      },
      wait: (waiting) => outbox.wait(waiting),
      send: (head, length, fill) => this.#send(ends, head, length, fill),
      closed: (ended) => {
        outbox.forget(ended)
        const entry = this.#entries.get(key)
        if (entry?.connection === ended) this.#entries.delete(key)
        // A peer that hears nothing more of the guest is not to wait.
        if (socket?.connecting === true) socket.destroy()
        else if (socket !== undefined && !(socket.readableEnded && socket.writableEnded)) cutOff(socket)
      },
    }
    const connection = new TcpConnection({
      ...{ path, user, clock, pool: this.#pool, initialSequence: randomInt(2 ** 32), mss: mssTo(ends.guest) },
      windowLimit: () => this.#windowLimit(),
    })
    this.#entries.set(key, { ends, connection, socket })
    return connection
  }

  #windowLimit(): number {
    return Math.min(largestWindow, Math.max(smallestWindow, Math.floor(memoryLimit / this.#entries.size)))
  }

  #send(ends: GuestEnds, head: TcpHead, length: number, fill: (target: Buffer, at: number) => void): void {
    const headerLength = tcpLength(head.options)
    const [source, destination] = [ends.peer, ends.guest]
    const tcpEnds = { source, destination, sourcePort: ends.peerPort, destinationPort: ends.guestPort }
    const { ip } = this.#parts
    ip.compose({ protocol: protocols.tcp, source, destination }, headerLength + length, (frame, at, end) => {
      fill(frame, at + headerLength)
      writeTcp(frame, at, end, tcpEnds, head)
    })
  }

  /** There is no such connection, or nobody takes it (RFC 9293, 3.10.7.1). */
  #refuse(ends: GuestEnds, { flags: bits, sequence, acknowledgment, payload }: TcpSegment): void {
    if (bits & flags.rst) return
    const length = payload.length + (bits & flags.syn ? 1 : 0) + (bits & flags.fin ? 1 : 0)
    const head =
      (bits & flags.ack) !== 0
        ? { sequence: acknowledgment, acknowledgment: 0, flags: flags.rst, window: 0 }
        : { sequence: 0, acknowledgment: (sequence + length) >>> 0, flags: flags.rst | flags.ack, window: 0 }
    this.#send(ends, head, 0, () => undefined)
  }

  /** The same ends if they are free, or another port of the peer. */
  #freeEnds(ends: GuestEnds): GuestEnds | undefined {
    if (!this.#entries.has(keyOf(ends))) return ends
    for (let tries = 0; tries < 65_536 - firstEphemeral; tries++) {
      const other = { ...ends, peerPort: this.#nextPort }
      this.#nextPort = this.#nextPort === 65_535 ? firstEphemeral : this.#nextPort + 1
      if (!this.#entries.has(keyOf(other))) return other
    }
    return undefined
  }
}

/** What is left of an Ethernet's 1500 bytes behind both headers. */
function mssTo(address: IpAddress): number {
  return typeof address === 'number' ? 1460 : 1440
}

function keyOf({ guest, guestPort, peer, peerPort }: GuestEnds): string {
  return `${guest}:${guestPort} ${peer}:${peerPort}`
}
