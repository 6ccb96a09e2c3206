import { checksumOf, sumOf } from '../../hash/index.ts'
import { type IpPacket, protocols, type Refusal } from './ip-packet.ts'

const types = { echoReply: 0, unreachable: 3, echo: 8 } as const

/** What an `unreachable` message says could not be reached (RFC 792, RFC 1812). */
const unreachable: Readonly<Record<Refusal, number>> = { network: 0, host: 1, protocol: 2, port: 3, prohibited: 13 }

/** The answer to an echo request (RFC 792); undefined for anything else. */
export function echoReply(message: Buffer): Buffer | undefined {
  if (message.length < 8 || message[0] !== types.echo || checksumOf(sumOf(message, 0, message.length)) !== 0)
    return undefined
  const reply = Buffer.from(message)
  reply[0] = types.echoReply
  return finished(reply)
}

/** Tells the sender of a packet that it could not be passed on: with its header and the first eight bytes behind. */
export function unreachableMessage(why: Refusal, packet: IpPacket): Buffer {
  const quoted = packet.payload.subarray(0, 8)
  const message = Buffer.alloc(8 + packet.header.length + quoted.length)
  message[0] = types.unreachable
  message[1] = unreachable[why]
  message.set(packet.header, 8)
  message.set(quoted, 8 + packet.header.length)
  return finished(message)
}

/** Whether an error message may follow it: none follows one (RFC 1122, 3.2.2). */
export function mayBeAnswered(packet: IpPacket): boolean {
  return packet.protocol !== protocols.icmp || packet.payload[0] === types.echo
}

function finished(message: Buffer): Buffer {
  message.writeUInt16BE(0, 2)
  message.writeUInt16BE(checksumOf(sumOf(message, 0, message.length)), 2)
  return message
}
