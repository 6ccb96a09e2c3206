import { checksumOf, sumOf } from '../../hash/index.ts'
import { type IpHeader, type IpPacket, protocols, type Refusal } from './ip-packet.ts'
import { pseudoHeaderSum } from './pseudo-header.ts'

export const icmpv6Types = {
  ...{ unreachable: 1, firstInformation: 128, echo: 128, echoReply: 129 },
  ...{ routerSolicitation: 133, routerAdvertisement: 134, neighbourSolicitation: 135, neighbourAdvertisement: 136 },
} as const

/** Who says it, and to whom. */
export type Ipv6Ends = Pick<IpHeader<bigint>, 'source' | 'destination'>

/** A message is to fit into what every network carries (RFC 4443, 2.4). */
const longestError = 1280 - 40
const codes: Readonly<Record<Refusal, number>> = { network: 0, host: 3, protocol: 4, port: 4, prohibited: 1 }

/** Whether a message is one, and whole. */
export function isIcmpv6({ source, destination, payload }: IpPacket): boolean {
  if (payload.length < 8) return false
  return checksumIn({ source, destination }, payload) === 0
}

/** The answer to an echo request (RFC 4443); undefined for anything else. @param ends - of the answer */
export function echoReply(ends: Ipv6Ends, message: Buffer): Buffer | undefined {
  if (message[0] !== icmpv6Types.echo || message[1] !== 0) return undefined
  return messageOf(ends, icmpv6Types.echoReply, message.subarray(4))
}

/** Tells the sender of a packet that it could not be passed on: with as much of it as fits. */
export function unreachableMessage(ends: Ipv6Ends, why: Refusal, { header, payload }: IpPacket): Buffer {
  const quoted = Buffer.concat([header, payload]).subarray(0, longestError - 8)
  return messageOf(ends, icmpv6Types.unreachable, Buffer.concat([Buffer.alloc(4), quoted]), codes[why])
}

/** Whether an error message may follow it: none follows one. */
export function mayBeAnswered({ protocol, payload }: IpPacket): boolean {
  return protocol !== protocols.icmpv6 || payload[0]! >= icmpv6Types.firstInformation
}

/** A message with its checksum. @param body - what is behind that */
export function messageOf(ends: Ipv6Ends, type: number, body: Uint8Array, code = 0): Buffer {
  const message = Buffer.alloc(4 + body.length)
  message[0] = type
  message[1] = code
  message.set(body, 4)
  message.writeUInt16BE(checksumIn(ends, message), 2)
  return message
}

function checksumIn({ source, destination }: Pick<IpHeader, 'source' | 'destination'>, message: Buffer): number {
  const pseudo = pseudoHeaderSum(source, destination, protocols.icmpv6, message.length)
  return checksumOf(sumOf(message, 0, message.length, pseudo))
}
