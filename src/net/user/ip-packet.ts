import type { Clock } from './clock.ts'
import type { EthernetHeader } from './ethernet.ts'
import type { IpAddress } from './ip-address.ts'
import type { Outbox } from './outbox.ts'

/** By their numbers in a header. */
export const protocols = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const

/** A packet of either version of IP. */
export interface IpPacket<Address extends IpAddress = IpAddress> {
  readonly source: Address
  readonly destination: Address
  readonly protocol: number
  /** Of the datagram that it is a piece of. */
  readonly id: number
  /** Where the payload stands in its datagram, in bytes. */
  readonly fragmentOffset: number
  readonly moreFragments: boolean
  /** With its options. */
  readonly header: Buffer
  readonly payload: Buffer
}

export interface IpHeader<Address extends IpAddress = IpAddress> {
  readonly protocol: number
  readonly source: Address
  readonly destination: Address
}

/** Why a packet could not be passed on. */
export type Refusal = 'network' | 'host' | 'protocol' | 'port' | 'prohibited'

/** Sends what is of TCP, UDP and ICMP. */
export interface IpSender<Address extends IpAddress = IpAddress> {
  /** Sends a datagram, in pieces if it is long. */
  send(header: IpHeader<Address>, payload: Buffer): void
  /** Sends a datagram that is short enough; `fill` writes its payload from `at` to `end`. */
  compose(
    header: IpHeader<Address>,
    payloadLength: number,
    fill: (frame: Buffer, at: number, end: number) => void,
  ): void
  /** Tells the guest that a packet of its could not be passed on. */
  refuse(packet: IpPacket<Address>, why: Refusal): void
}

/** What a layer of IP works with. */
export interface IpLayerParts<Address extends IpAddress, Packet> {
  readonly clock: Clock
  readonly outbox: Outbox
  /** The gateway's address: who speaks where nobody else does. */
  readonly host: Address
  /** Whether a packet from an address is of the guest's network. */
  readonly isGuest: (address: Address) => boolean
  /** Whether somebody of ours has an address. */
  readonly isOurs: (address: Address) => boolean
  /** A whole datagram of the guest. */
  readonly received: (packet: Packet) => void
}

/** One version of IP on an Ethernet. */
export interface IpLayer<Address extends IpAddress = IpAddress> extends IpSender<Address> {
  /** A frame of the guest, of whatever type; nothing is thrown, whatever is in it. */
  receive(ethernet: EthernetHeader, frame: Buffer): void
  close(): void
}
