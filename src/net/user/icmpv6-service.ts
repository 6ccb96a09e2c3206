import { randomInt } from 'node:crypto'
import type { Clock, Timer } from './clock.ts'
import { echoReply, type Ipv6Ends, icmpv6Types, isIcmpv6 } from './icmpv6.ts'
import { protocols } from './ip-packet.ts'
import type { Ipv6Packet } from './ipv6.ts'
import { type Ipv6Layer, ownHopLimit } from './ipv6-layer.ts'
import {
  type Advertised,
  allNodes,
  neighbourAdvertisement,
  routerAdvertisement,
  targetOfSolicitation,
} from './neighbour-discovery.ts'

/** How often a router tells of itself without being asked, in milliseconds. */
const [shortestPause, longestPause] = [200_000, 600_000]

export interface Icmpv6Parts {
  readonly clock: Clock
  readonly ip: Ipv6Layer
  /** The router's address on the cable. */
  readonly router: bigint
  readonly advertised: Advertised
  readonly isOurs: (address: bigint) => boolean
}

/** Says who router and name server are, where they are, and that they live. */
export class Icmpv6Service {
  readonly #parts: Icmpv6Parts
  #timer: Timer | undefined

  constructor(parts: Icmpv6Parts) {
    this.#parts = parts
  }

  /** A message of the guest, whose network has IPv6 then: its router goes on telling of itself. */
  receive(packet: Ipv6Packet): void {
    if (!isIcmpv6(packet)) return
    this.#timer ??= this.#later()
    const { payload, source, destination, hopLimit } = packet
    const { ip, isOurs } = this.#parts
    if (payload[0] === icmpv6Types.echo && isOurs(destination) && source !== 0n) {
      const ends = { source: destination, destination: source }
      const reply = echoReply(ends, payload)
      if (reply !== undefined) ip.send({ protocol: protocols.icmpv6, ...ends }, reply)
    }
    // Nobody from outside the cable has a say in what follows.
    if (hopLimit !== ownHopLimit) return
    if (payload[0] === icmpv6Types.routerSolicitation && payload[1] === 0) this.#advertise()
    const target = targetOfSolicitation(payload)
    if (target === undefined || !isOurs(target)) return
    const ends = { source: target, destination: source === 0n ? allNodes : source }
    this.#own(ends, neighbourAdvertisement(ends, target, source !== 0n))
  }

  close(): void {
    this.#timer?.cancel()
  }

  #advertise(): void {
    const ends = { source: this.#parts.router, destination: allNodes }
    this.#own(ends, routerAdvertisement(ends, this.#parts.advertised))
  }

  #own(ends: Ipv6Ends, message: Buffer): void {
    this.#parts.ip.send({ protocol: protocols.icmpv6, ...ends }, message, ownHopLimit)
  }

  #later(): Timer {
    return this.#parts.clock.after(randomInt(shortestPause, longestPause), () => {
      this.#timer = this.#later()
      this.#advertise()
    })
  }
}
