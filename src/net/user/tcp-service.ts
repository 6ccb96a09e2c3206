import { randomInt } from 'node:crypto'
import { closeSync } from 'node:fs'
import { connect, Socket, type SocketConstructorOpts } from 'node:net'
import type { Clock } from './clock.ts'
import type { HostTarget } from './host-address.ts'
import { cutOff, HostStream, type PeerSocket } from './host-stream.ts'
import type { IpAddress } from './ip-address.ts'
import { type IpPacket, type IpSender, protocols } from './ip-packet.ts'
import type { Outbox } from './outbox.ts'
import { canTravel, type GuestEnds, type SavedConnection } from './saved-connection.ts'
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

export interface TcpServiceParts {
  readonly clock: Clock
  readonly ip: IpSender
  readonly outbox: Outbox
  /** What a guest means by an address; undefined for what it is not to reach. */
  readonly targetOf: (address: IpAddress, port: number) => HostTarget | undefined
  /** Opens what is at an address of the network itself, if anything is. */
  readonly forwardAt: (address: IpAddress, port: number) => PeerSocket | undefined
  /** Opens a device that is at an address of the network: a connection to it goes on in any process that has it. */
  readonly deviceAt: (address: IpAddress, port: number) => PeerSocket | undefined
}

interface Entry {
  readonly ends: GuestEnds
  readonly connection: TcpConnection
  readonly stream: HostStream
}

/** A connection that has been taken out of its network, while the machine stands still. */
export interface LeavingConnection {
  readonly saved: SavedConnection
  /** Its socket, if that may go along. */
  readonly descriptor: number | undefined
  /** It stays after all. */
  takeBack(): void
  /** The guest is another process's. @param passed - whether the socket is, too; if not, the peer hears that it is over */
  handOver(passed: boolean): void
}

/** The guest's TCP connections, each with one of the host's behind it. */
export class TcpService {
  readonly #parts: TcpServiceParts
  readonly #entries = new Map<string, Entry>()
  readonly #pool: ReassemblyPool = { free: reassemblyLimit }
  #opening = 0
  /** The connections are on their way to another process: nothing comes and goes meanwhile. */
  #standsStill = false
  /** Lets those in who have come meanwhile, or sends them away. */
  #waiting: ((stays: boolean) => void)[] = []
  #nextPort = firstEphemeral

  constructor(parts: TcpServiceParts) {
    this.#parts = parts
  }

  /** What there is, in the order in which it came, and how many bytes of the guest's wait for the peer. */
  list(): readonly (Pick<Entry, 'ends' | 'connection'> & { readonly waiting: number })[] {
    return [...this.#entries.values()].map(({ ends, connection, stream }) => ({
      ...{ ends, connection, waiting: stream.unwritten },
    }))
  }

  receive(packet: IpPacket): void {
    const segment = readTcp(packet)
    if (segment === undefined || this.#standsStill) return
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
    if (this.#standsStill) {
      this.#waiting.push((stays) => (stays ? this.connect(socket, guest, guestPort, source) : cutOff(socket)))
      return
    }
    const ends = this.#freeEnds({ guest, guestPort, peer: source.address, peerPort: source.port })
    if (ends === undefined || this.#entries.size >= mostConnections) {
      socket.resetAndDestroy()
      return
    }
    this.#addAsking(ends, new HostStream(socket)).connect()
  }

  /**
   * Takes the connections out, for another process: nothing comes and goes until `stay()` or `leave()`.
   *
   * @param passing - whether their sockets are to go along, where that is possible
   */
  takeOut(passing: boolean): LeavingConnection[] {
    this.#standsStill = true
    const entries = [...this.#entries].filter(([, { connection }]) => canTravel(connection.state))
    return entries.map(([key, entry]) => {
      const { ends, connection, stream } = entry
      stream.stop()
      const released = passing ? stream.release() : undefined
      const toGuest = connection.unsentBytes
      const saved: SavedConnection = {
        ...{ ends, toGuest, toPeer: released?.unwritten ?? stream.queued },
        ...{ tcp: connection.leave(), guestEnded: stream.guestEnded },
      }
      this.#parts.outbox.forget(connection)
      this.#entries.delete(key)
      const descriptor = released?.descriptor
      return {
        ...{ saved, descriptor },
        takeBack: () => this.#resume(saved, descriptor === undefined ? stream : this.#streamOf(saved, descriptor)),
        handOver: (passed) => {
          if (descriptor === undefined) cutOff(stream.socket)
          else if (passed) closeSync(descriptor)
          else cutOff(socketOf(descriptor))
        },
      }
    })
  }

  /** What has been taken out is back. */
  stay(): void {
    this.#moveOn(true)
  }

  /** The guest is another process's. */
  leave(): void {
    this.#moveOn(false)
    for (const { connection } of [...this.#entries.values()]) connection.abort()
  }

  /**
   * Goes on with a connection of another process's.
   *
   * @param descriptor - its socket, which belongs to the service; without one, a device of the network is behind it, or
   *   nothing any more: then the guest hears that it is no more
   */
  takeOver(saved: SavedConnection, descriptor: number | undefined): void {
    const { ends } = saved
    if (descriptor !== undefined) {
      this.#resume(saved, this.#streamOf(saved, descriptor))
      return
    }
    const device = this.#parts.deviceAt(ends.peer, ends.peerPort)
    if (device !== undefined) {
      this.#resume(saved, withQueue(new HostStream(device), saved))
      return
    }
    const lost = this.#connectionOf(ends, deaf, saved, () => undefined)
    lost.restore(saved.tcp, saved.toGuest)
    lost.abort()
  }

  close(): void {
    for (const { connection, stream } of this.#entries.values()) {
      connection.abort()
      stream.socket.destroy()
    }
    this.#moveOn(false)
  }

  #moveOn(stays: boolean): void {
    this.#standsStill = false
    for (const decide of this.#waiting.splice(0)) decide(stays)
  }

  #streamOf(saved: SavedConnection, descriptor: number): HostStream {
    return withQueue(new HostStream(socketOf(descriptor)), saved)
  }

  #resume(saved: SavedConnection, stream: HostStream): void {
    const key = keyOf(saved.ends)
    this.#entries.get(key)?.connection.abort()
    const asks = saved.tcp.state === 'syn-sent'
    const connection = asks ? this.#addAsking(saved.ends, stream, saved) : this.#add(saved.ends, stream, stream, saved)
    connection.restore(saved.tcp, saved.toGuest)
    if (asks) return
    stream.join(connection)
    connection.pump()
  }

  /** A connection that the guest is asked for. */
  #addAsking(ends: GuestEnds, stream: HostStream, saved?: SavedConnection): TcpConnection {
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
    const connection = this.#add(ends, user, stream, saved)
    stream.socket.once('close', () => {
      if (connection.state === 'syn-sent') connection.abort()
    })
    return connection
  }

  #open(ends: GuestEnds, packet: IpPacket, segment: TcpSegment): void {
    if (this.#entries.size < mostConnections) {
      const forwarded = this.#parts.forwardAt(ends.peer, ends.peerPort)
      if (forwarded !== undefined) {
        const stream = new HostStream(forwarded)
        const connection = this.#add(ends, stream, stream)
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
    const connection = this.#add(ends, stream, stream)
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

  #add(ends: GuestEnds, user: TcpUser, stream: HostStream, saved?: SavedConnection): TcpConnection {
    const key = keyOf(ends)
    const { socket } = stream
    const connection = this.#connectionOf(ends, user, saved, (ended) => {
      const entry = this.#entries.get(key)
      if (entry?.connection === ended) this.#entries.delete(key)
      // A peer that hears nothing more of the guest is not to wait.
      if (socket.connecting === true) socket.destroy()
      else if (!stream.over) cutOff(socket)
    })
    this.#entries.set(key, { ends, connection, stream })
    return connection
  }

  /** @param closed - hears of its end */
  #connectionOf(
    ends: GuestEnds,
    user: TcpUser,
    saved: SavedConnection | undefined,
    closed: (ended: TcpConnection) => void,
  ): TcpConnection {
    const { clock, outbox } = this.#parts
    const standsStill = (): boolean => this.#standsStill
    const path: TcpPath = {
      get clear() {
        return outbox.clear && !standsStill()
      },
      wait: (waiting) => outbox.wait(waiting),
      send: (head, length, fill) => this.#send(ends, head, length, fill),
      closed: (ended) => {
        outbox.forget(ended)
        closed(ended)
      },
    }
    return new TcpConnection({
      ...{ path, user, clock, pool: this.#pool, mss: mssTo(ends.guest) },
      initialSequence: saved?.tcp.initialSequence ?? randomInt(2 ** 32),
      windowLimit: () => this.#windowLimit(),
    })
  }

  #windowLimit(): number {
    return Math.min(largestWindow, Math.max(smallestWindow, Math.floor(memoryLimit / this.#entries.size)))
  }

  #send(ends: GuestEnds, head: TcpHead, length: number, fill: (target: Buffer, at: number) => void): void {
    if (this.#standsStill) return
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

function socketOf(descriptor: number): Socket {
  // Without the last option, which Node uses for accepted sockets, it would begin to read at once.
  const options: SocketConstructorOpts & { pauseOnCreate: boolean } = {
    ...{ fd: descriptor, allowHalfOpen: true, pauseOnCreate: true },
  }
  return new Socket(options)
}

/** What a peer has not been given yet comes first. */
function withQueue(stream: HostStream, { toPeer, guestEnded }: SavedConnection): HostStream {
  if (toPeer.length > 0) stream.data(toPeer)
  if (guestEnded) stream.end()
  return stream
}

/** Of a connection that nobody uses. */
const deaf: TcpUser = {
  waiting: 0,
  data: () => undefined,
  end: () => undefined,
  drained: () => undefined,
  failed: () => undefined,
}

/** What is left of an Ethernet's 1500 bytes behind both headers. */
function mssTo(address: IpAddress): number {
  return typeof address === 'number' ? 1460 : 1440
}

function keyOf({ guest, guestPort, peer, peerPort }: GuestEnds): string {
  return `${guest}:${guestPort} ${peer}:${peerPort}`
}
