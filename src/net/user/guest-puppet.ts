import type { NetEnd } from '../net-end.ts'
import { Wire } from '../wire.ts'
import { readArp } from './arp.ts'
import { broadcastMac, ethernetLength, etherTypes, newFrame, readEthernet, writeEthernet } from './ethernet.ts'
import { FakeClock } from './fake-clock.ts'
import { protocols } from './ip-packet.ts'
import { type Ipv4Packet, ipv4Length, readIpv4, writeIpv4 } from './ipv4.ts'
import { type Ipv6Header, type Ipv6Packet, ipv6Length, readIpv6, writeIpv6 } from './ipv6.ts'
import type { Ipv6Network } from './ipv6-network.ts'
import type { DecisionListener } from './policy/decision-teller.ts'
import { flags, type TcpHead, tcpLength, writeTcp } from './tcp/segment.ts'
import { readUdp, type UdpDatagram, udpBytes } from './udp.ts'
import { UserNet, type UserNetConfig } from './user-net.ts'

export const addresses = {
  ...{ network: 0x0a000200, mask: 0xffffff00, host: 0x0a000202, dns: 0x0a000203, guest: 0x0a00020f },
} as const
export const guestMac = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56)

const prefix = 0xfec0n << 112n
/** The usual network of IPv6, and an address that a guest makes itself in it. */
export const ipv6Network: Ipv6Network = { prefix, prefixLength: 64, host: prefix | 2n, dns: prefix | 3n }
export const guestIpv6 = prefix | 0x5054_00ff_fe12_3456n

/** A guest that says what a test lets it say, and keeps what it hears. */
export class GuestPuppet implements NetEnd {
  readonly clock = new FakeClock()
  readonly net: UserNet
  readonly frames: Buffer[] = []
  readonly #wire = new Wire()
  /** While it does not, what comes has to wait. */
  takes = true
  #heard: (() => void)[] = []

  constructor(config: Partial<UserNetConfig> = {}, decided?: DecisionListener) {
    const { network, mask, host, dns, guest } = addresses
    const usual = { network, mask, host, dns, dhcpStart: guest, restrict: false }
    this.net = new UserNet({ ...usual, ...config }, this.#wire.right, {
      clock: this.clock,
      ...(decided && { decided }),
    })
    this.#wire.join(this, this.net)
  }

  receive(frame: Uint8Array): boolean {
    if (!this.takes) return false
    this.frames.push(Buffer.from(frame))
    for (const heard of this.#heard.splice(0)) heard()
    return true
  }

  /** It takes frames again. */
  take(): void {
    this.takes = true
    this.#wire.left.ready()
  }

  send(frame: Uint8Array): void {
    this.#wire.left.send(frame)
  }

  sendIp(packet: Partial<Ipv4Packet> & { readonly payload: Buffer }): void {
    const { payload, ...header } = packet
    const frame = newFrame(ipv4Length + payload.length)
    frame.set(payload, ethernetLength + ipv4Length)
    const usual = { source: addresses.guest, destination: addresses.host, protocol: protocols.udp, id: 1 }
    writeIpv4(frame, ethernetLength, { ...usual, ...header, payloadLength: payload.length })
    writeEthernet(frame, { destination: broadcastMac, source: guestMac, type: etherTypes.ipv4 })
    this.send(frame)
  }

  sendIpv6(packet: Partial<Ipv6Header> & { readonly payload: Buffer }): void {
    const { payload, ...header } = packet
    const at = ipv6Length + (header.piece === undefined ? 0 : 8)
    const frame = newFrame(at + payload.length)
    frame.set(payload, ethernetLength + at)
    const usual = { source: guestIpv6, destination: ipv6Network.host, protocol: protocols.icmpv6, hopLimit: 255 }
    writeIpv6(frame, ethernetLength, { ...usual, ...header, payloadLength: payload.length })
    writeEthernet(frame, { destination: broadcastMac, source: guestMac, type: etherTypes.ipv6 })
    this.send(frame)
  }

  sendUdp(
    datagram: UdpDatagram,
    { source = addresses.guest as number, destination = addresses.host as number } = {},
  ): void {
    this.sendIp({ source, destination, payload: udpBytes(source, destination, datagram) })
  }

  /** The IPv4 packets that it has heard; ARP asked by the gateway is not among them. */
  packets(): Ipv4Packet[] {
    return this.frames.flatMap((frame) => {
      if (readEthernet(frame)?.type !== etherTypes.ipv4) return []
      const packet = readIpv4(frame.subarray(ethernetLength))
      return packet === undefined ? [] : [packet]
    })
  }

  packetsIpv6(): Ipv6Packet[] {
    return this.frames.flatMap((frame) => readIpv6(frame.subarray(ethernetLength)) ?? [])
  }

  datagrams(): (UdpDatagram & { readonly source: number })[] {
    return this.packets()
      .filter(({ protocol }) => protocol === protocols.udp)
      .flatMap((packet) => {
        const datagram = readUdp(packet)
        return datagram === undefined ? [] : [{ ...datagram, source: packet.source }]
      })
  }

  arps() {
    return this.frames.flatMap((frame) => (readEthernet(frame)?.type === etherTypes.arp ? [readArp(frame)] : []))
  }

  /** Waits until something holds; looks again with each frame that comes. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#heard.push(resolve))
  }
}

/** A segment of the guest's, from its port 5000; without more words it is the first of a connection. */
export function sendTcp(
  puppet: GuestPuppet,
  destination: number,
  port: number,
  head: Partial<TcpHead>,
  payload = Buffer.alloc(0),
): void {
  const whole = { sequence: 0, acknowledgment: 0, flags: flags.syn, window: 60_000, ...head }
  const bytes = Buffer.concat([Buffer.alloc(tcpLength(whole.options)), payload])
  const ends = { source: addresses.guest, destination, sourcePort: 5000, destinationPort: port }
  writeTcp(bytes, 0, bytes.length, ends, whole)
  puppet.sendIp({ protocol: protocols.tcp, destination, payload: bytes })
}
