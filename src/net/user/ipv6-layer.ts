import {
  type EthernetHeader,
  ethernetLength,
  etherTypes,
  groupMacOf,
  type MacAddress,
  macOf,
  newFrame,
  writeEthernet,
} from './ethernet.ts'
import { Fragments } from './fragments.ts'
import { mayBeAnswered, unreachableMessage } from './icmpv6.ts'
import { type IpHeader, type IpLayer, type IpLayerParts, type IpPacket, protocols, type Refusal } from './ip-packet.ts'
import { fragmentLength, type Ipv6Header, type Ipv6Packet, ipv6Length, readIpv6, writeIpv6 } from './ipv6.ts'
import { isMulticast } from './ipv6-address.ts'
import { solicitation, solicitedGroup } from './neighbour-discovery.ts'
import { Neighbours } from './neighbours.ts'

/** Of the Ethernet. */
const longestPayload = 1500 - ipv6Length
const wholePieces = longestPayload - fragmentLength - ((longestPayload - fragmentLength) % 8)
/** Of what no router has passed on: neighbours believe nothing else (RFC 4861). */
export const ownHopLimit = 255
const usualHopLimit = 64

/** Ethernet and IPv6 (RFC 8200, RFC 2464): takes frames apart and makes them. */
export class Ipv6Layer implements IpLayer<bigint> {
  readonly #parts: IpLayerParts<bigint, Ipv6Packet>
  readonly #fragments: Fragments
  readonly #neighbours = new Neighbours()
  #nextId = 1

  constructor(parts: IpLayerParts<bigint, Ipv6Packet>) {
    this.#parts = parts
    this.#fragments = new Fragments(parts.clock)
  }

  receive(ethernet: EthernetHeader, frame: Buffer): void {
    if (ethernet.type !== etherTypes.ipv6) return
    const packet = readIpv6(frame.subarray(ethernetLength))
    if (packet === undefined) return
    if (this.#parts.isGuest(packet.source)) this.#learn(packet.source, ethernet.source)
    // A guest that looks whether an address is free has none yet.
    else if (packet.source !== 0n || packet.protocol !== protocols.icmpv6) return
    const whole = this.#fragments.add(packet)
    if (whole !== undefined) this.#parts.received(whole)
  }

  send(header: IpHeader<bigint>, payload: Buffer, hopLimit = usualHopLimit): void {
    if (payload.length <= longestPayload) {
      const frame = newFrame(ipv6Length + payload.length)
      frame.set(payload, ethernetLength + ipv6Length)
      this.#finish(frame, { ...header, hopLimit, payloadLength: payload.length })
      return
    }
    const id = this.#nextId++
    for (let from = 0; from < payload.length; from += wholePieces) {
      const bytes = payload.subarray(from, from + wholePieces)
      const frame = newFrame(ipv6Length + fragmentLength + bytes.length)
      frame.set(bytes, ethernetLength + ipv6Length + fragmentLength)
      const piece = { id: id >>> 0, from, more: from + bytes.length < payload.length }
      this.#finish(frame, { ...header, hopLimit, payloadLength: bytes.length, piece })
    }
  }

  compose(
    header: IpHeader<bigint>,
    payloadLength: number,
    fill: (frame: Buffer, at: number, end: number) => void,
  ): void {
    const frame = newFrame(ipv6Length + payloadLength)
    const at = ethernetLength + ipv6Length
    fill(frame, at, at + payloadLength)
    this.#finish(frame, { ...header, hopLimit: usualHopLimit, payloadLength })
  }

  refuse(packet: IpPacket<bigint>, why: Refusal): void {
    if (packet.source === 0n || isMulticast(packet.destination) || !mayBeAnswered(packet)) return
    const source = this.#parts.isOurs(packet.destination) ? packet.destination : this.#parts.host
    const ends = { source, destination: packet.source }
    this.send({ protocol: protocols.icmpv6, ...ends }, unreachableMessage(ends, why, packet))
  }

  close(): void {
    this.#fragments.close()
  }

  #learn(address: bigint, mac: MacAddress): void {
    for (const frame of this.#neighbours.learn(address, mac)) {
      frame.set(mac, 0)
      this.#parts.outbox.send(frame)
    }
  }

  #finish(frame: Buffer, header: Ipv6Header): void {
    const { source, destination } = header
    const { host, isOurs, outbox } = this.#parts
    writeIpv6(frame, ethernetLength, header)
    // What comes from outside comes through the gateway.
    const sender = macOf(isOurs(source) ? source : host)
    const known = isMulticast(destination) ? groupMacOf(destination) : this.#neighbours.find(destination)
    writeEthernet(frame, { destination: known ?? sender, source: sender, type: etherTypes.ipv6 })
    if (known !== undefined) {
      outbox.send(frame)
      return
    }
    this.#neighbours.wait(destination, frame)
    const ends = { source: host, destination: solicitedGroup(destination) }
    this.send({ protocol: protocols.icmpv6, ...ends }, solicitation(ends, destination), ownHopLimit)
  }
}
