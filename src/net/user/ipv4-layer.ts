import { arpReply, arpRequest, isArpRequest, readArp } from './arp.ts'
import {
  broadcastMac,
  type EthernetHeader,
  ethernetLength,
  etherTypes,
  isHostMac,
  macOf,
  newFrame,
  writeEthernet,
} from './ethernet.ts'
import { Fragments } from './fragments.ts'
import { mayBeAnswered, unreachableMessage } from './icmpv4.ts'
import { type IpHeader, type IpLayer, type IpLayerParts, type IpPacket, protocols, type Refusal } from './ip-packet.ts'
import { type Ipv4Packet, ipv4Length, readIpv4, writeIpv4 } from './ipv4.ts'
import { Neighbours } from './neighbours.ts'

/** Of the Ethernet. */
const longestPacket = 1500
const longestPayload = longestPacket - ipv4Length
const wholePieces = longestPayload - (longestPayload % 8)

/** Ethernet, ARP and IPv4: takes frames apart and makes them. */
export class Ipv4Layer implements IpLayer<number> {
  readonly #parts: IpLayerParts<number, Ipv4Packet>
  readonly #fragments: Fragments
  readonly #neighbours = new Neighbours()
  #nextId = 1

  constructor(parts: IpLayerParts<number, Ipv4Packet>) {
    this.#parts = parts
    this.#fragments = new Fragments(parts.clock)
  }

  receive(ethernet: EthernetHeader, frame: Buffer): void {
    if (ethernet.type === etherTypes.arp) this.#arp(frame)
    if (ethernet.type !== etherTypes.ipv4) return
    const packet = readIpv4(frame.subarray(ethernetLength))
    if (packet === undefined) return
    // A guest that asks for an address has none yet.
    if (this.#parts.isGuest(packet.source)) this.#learn(packet.source, ethernet.source)
    else if (packet.source !== 0) return
    const whole = this.#fragments.add(packet)
    if (whole !== undefined) this.#parts.received(whole)
  }

  send(header: IpHeader<number>, payload: Buffer): void {
    const id = this.#id()
    let from = 0
    do {
      const piece = payload.subarray(
        from,
        from + (payload.length - from > longestPayload ? wholePieces : longestPayload),
      )
      const more = from + piece.length < payload.length
      const frame = newFrame(ipv4Length + piece.length)
      frame.set(piece, ethernetLength + ipv4Length)
      this.#finish(frame, { ...header, id, payloadLength: piece.length, fragmentOffset: from, moreFragments: more })
      from += piece.length
    } while (from < payload.length)
  }

  compose(
    header: IpHeader<number>,
    payloadLength: number,
    fill: (frame: Buffer, at: number, end: number) => void,
  ): void {
    const frame = newFrame(ipv4Length + payloadLength)
    const at = ethernetLength + ipv4Length
    fill(frame, at, at + payloadLength)
    this.#finish(frame, { ...header, id: this.#id(), payloadLength })
  }

  refuse(packet: IpPacket<number>, why: Refusal): void {
    if (packet.source === 0 || !mayBeAnswered(packet)) return
    const header = { protocol: protocols.icmp, source: this.#parts.host, destination: packet.source }
    this.send(header, unreachableMessage(why, packet))
  }

  /** Who has an address on the Ethernet is known from elsewhere. */
  learn(address: number, mac: Uint8Array): void {
    this.#learn(address, mac)
  }

  close(): void {
    this.#fragments.close()
  }

  #arp(frame: Buffer): void {
    const packet = readArp(frame)
    if (packet === undefined || !isHostMac(packet.senderMac)) return
    if (this.#parts.isGuest(packet.senderAddress)) this.#learn(packet.senderAddress, packet.senderMac)
    if (!isArpRequest(packet) || packet.senderAddress === packet.targetAddress) return
    if (this.#parts.isOurs(packet.targetAddress)) this.#parts.outbox.send(arpReply(packet, macOf(packet.targetAddress)))
  }

  #learn(address: number, mac: Uint8Array): void {
    for (const frame of this.#neighbours.learn(address, mac)) {
      frame.set(mac, 0)
      this.#parts.outbox.send(frame)
    }
  }

  #finish(frame: Buffer, header: Parameters<typeof writeIpv4>[2]): void {
    const { source, destination } = header
    writeIpv4(frame, ethernetLength, header)
    // What comes from outside comes through the gateway.
    const sender = macOf(this.#parts.isOurs(source) ? source : this.#parts.host)
    const known = destination === 0xffffffff ? broadcastMac : this.#neighbours.find(destination)
    writeEthernet(frame, { destination: known ?? broadcastMac, source: sender, type: etherTypes.ipv4 })
    if (known !== undefined) {
      this.#parts.outbox.send(frame)
      return
    }
    this.#neighbours.wait(destination, frame)
    this.#parts.outbox.send(arpRequest(macOf(this.#parts.host), this.#parts.host, destination))
  }

  #id(): number {
    this.#nextId = (this.#nextId + 1) & 0xffff
    return this.#nextId
  }
}
