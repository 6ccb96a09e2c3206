import type { IpAddress } from './ip-address.ts'
import type { SavedReceiver } from './tcp/receiver.ts'
import type { SavedSender } from './tcp/sender.ts'
import type { SavedTcp } from './tcp/tcp-connection.ts'
import type { TcpState } from './tcp/tcp-state.ts'

/** Both ends of a connection as the guest sees it: its own, and its peer's. */
export interface GuestEnds {
  readonly guest: IpAddress
  readonly guestPort: number
  readonly peer: IpAddress
  readonly peerPort: number
}

/** A connection of a guest's that goes on in another process, or in this one after all. */
export interface SavedConnection {
  readonly ends: GuestEnds
  readonly tcp: SavedTcp
  /** The guest has sent all. */
  readonly guestEnded: boolean
  /** Bytes for the guest that it has not acknowledged. */
  readonly toGuest: Buffer
  /** Bytes of the guest's that the peer has not been given. */
  readonly toPeer: Buffer
}

/** States in which a connection can go on elsewhere: in others there is none yet, or none any more. */
const travelling: readonly TcpState[] = [
  ...(['syn-sent', 'syn-received', 'established', 'fin-wait-1', 'fin-wait-2'] as const),
  ...(['closing', 'close-wait', 'last-ack'] as const),
]

/** Bytes of one direction: more never wait. */
const mostBytes = 4 << 20
const largestWindow = 1 << 30

export function canTravel(state: TcpState): boolean {
  return travelling.includes(state)
}

/** @returns 4 bytes with the length of the JSON that follows, and bytes for the guest and for the peer */
export function packConnection({ ends, tcp, guestEnded, toGuest, toPeer }: SavedConnection): Buffer {
  const address = (value: IpAddress): number | string => (typeof value === 'number' ? value : value.toString(16))
  const said = { ...ends, guest: address(ends.guest), peer: address(ends.peer) }
  const json = Buffer.from(JSON.stringify({ ends: said, tcp, guestEnded, toGuest: toGuest.length }))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(json.length)
  return Buffer.concat([length, json, toGuest, toPeer])
}

type Json = Readonly<Record<string, unknown>>

/** @returns undefined, if no connection can be like that */
export function unpackConnection(contents: Uint8Array): SavedConnection | undefined {
  const bytes = Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength)
  try {
    const length = bytes.readUInt32BE(0)
    const json = JSON.parse(bytes.toString('utf8', 4, 4 + length)) as Json
    const split = 4 + length + integer(json['toGuest'], 0, mostBytes)
    if (split > bytes.length || bytes.length - split > mostBytes) return undefined
    const [toGuest, toPeer] = [bytes.subarray(4 + length, split), bytes.subarray(split)]
    const tcp = tcpOf(json['tcp'] as Json)
    const { acknowledged, highest, bufferEnd } = tcp.sender
    const begin = Math.min(Math.max(acknowledged, 1), bufferEnd)
    if (bufferEnd - begin !== toGuest.length || acknowledged > highest || highest > bufferEnd + 1) return undefined
    return { ends: endsOf(json['ends'] as Json), tcp, guestEnded: flag(json['guestEnded']), toGuest, toPeer }
  } catch {
    return undefined // no JSON, or something of it is missing or too large
  }
}

function endsOf(json: Json): GuestEnds {
  const port = (name: string): number => integer(json[name], 0, 0xffff)
  const address = (name: string): IpAddress => {
    const value = json[name]
    if (typeof value !== 'string') return integer(value, 0, 0xffffffff)
    if (!/^[0-9a-f]{1,32}$/.test(value)) throw new RangeError(name)
    return BigInt(`0x${value}`)
  }
  const [guest, peer] = [address('guest'), address('peer')]
  if (typeof guest !== typeof peer) throw new RangeError('peer')
  return { guest, guestPort: port('guestPort'), peer, peerPort: port('peerPort') }
}

function tcpOf(json: Json): SavedTcp {
  const state = travelling.find((one) => one === json['state'])
  if (state === undefined) throw new RangeError('state')
  return {
    state,
    initialSequence: integer(json['initialSequence'], 0, 0xffffffff),
    theirInitial: integer(json['theirInitial'], 0, 0xffffffff),
    theirScale: integer(json['theirScale'], 0, 14),
    scales: flag(json['scales']),
    sacks: flag(json['sacks']),
    sender: senderOf(json['sender'] as Json),
    receiver: receiverOf(json['receiver'] as Json),
  }
}

function senderOf(json: Json): SavedSender {
  return {
    acknowledged: place(json['acknowledged']),
    highest: place(json['highest']),
    bufferEnd: integer(json['bufferEnd'], 1, Number.MAX_SAFE_INTEGER),
    ends: flag(json['ends']),
    window: integer(json['window'], 0, largestWindow),
    windowSaidAt: place(json['windowSaidAt']),
    windowSaidFor: place(json['windowSaidFor']),
    mss: integer(json['mss'], 64, 0xffff),
  }
}

function receiverOf(json: Json): SavedReceiver {
  const next = integer(json['next'], 1, Number.MAX_SAFE_INTEGER)
  return { next, edge: integer(json['edge'], 1, next + largestWindow), ended: flag(json['ended']) }
}

function place(value: unknown): number {
  return integer(value, 0, Number.MAX_SAFE_INTEGER)
}

/** @throws {RangeError} if it is none, or outside */
function integer(value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most)
    throw new RangeError(String(value))
  return value
}

function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new RangeError(String(value))
  return value
}
