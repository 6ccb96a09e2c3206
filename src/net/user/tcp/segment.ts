import { checksumOf, sumOf } from '../../../hash/index.ts'
import type { IpAddress } from '../ip-address.ts'
import { type IpPacket, protocols } from '../ip-packet.ts'
import { pseudoHeaderSum } from '../pseudo-header.ts'

export const flags = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10 } as const

const plainLength = 20
const kinds = { end: 0, nothing: 1, mss: 2, windowScale: 3, sackPermitted: 4, sack: 5 } as const

/** Two sequence numbers: from, and behind the last. */
export type SackBlock = readonly [number, number]

export interface TcpOptions {
  /** The longest payload that whoever says so takes. */
  readonly mss?: number | undefined
  /** How far windows are shifted, 0 to 14. */
  readonly windowScale?: number | undefined
  readonly sackPermitted?: boolean | undefined
  readonly sack?: readonly SackBlock[] | undefined
}

/** What stands in a header beside the ports; all numbers as they are on the wire. */
export interface TcpHead {
  readonly sequence: number
  readonly acknowledgment: number
  readonly flags: number
  readonly window: number
  readonly options?: TcpOptions
}

export interface TcpSegment extends TcpHead {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly options: TcpOptions
  readonly payload: Buffer
}

/** A TCP segment (RFC 9293) in its packet; undefined if it is none, or damaged. */
export function readTcp({ source, destination, payload: bytes }: IpPacket): TcpSegment | undefined {
  if (bytes.length < plainLength) return undefined
  const headerLength = (bytes[12]! >> 4) * 4
  if (headerLength < plainLength || headerLength > bytes.length) return undefined
  const pseudo = pseudoHeaderSum(source, destination, protocols.tcp, bytes.length)
  if (checksumOf(sumOf(bytes, 0, bytes.length, pseudo)) !== 0) return undefined
  return {
    sourcePort: bytes.readUInt16BE(0),
    destinationPort: bytes.readUInt16BE(2),
    sequence: bytes.readUInt32BE(4),
    acknowledgment: bytes.readUInt32BE(8),
    flags: bytes[13]!,
    window: bytes.readUInt16BE(14),
    options: headerLength === plainLength ? noOptions : readOptions(bytes.subarray(plainLength, headerLength)),
    payload: bytes.subarray(headerLength),
  }
}

const noOptions: TcpOptions = {}

/** What is not understood, or does not fit, is passed over. */
function readOptions(bytes: Buffer): TcpOptions {
  const options: { -readonly [Name in keyof TcpOptions]: TcpOptions[Name] } = {}
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at]!
    if (kind === kinds.end) break
    if (kind === kinds.nothing) {
      at++
      continue
    }
    const length = bytes[at + 1] ?? 0
    if (length < 2 || at + length > bytes.length) break
    if (kind === kinds.mss && length === 4) options.mss = bytes.readUInt16BE(at + 2)
    else if (kind === kinds.windowScale && length === 3) options.windowScale = Math.min(bytes[at + 2]!, 14)
    else if (kind === kinds.sackPermitted && length === 2) options.sackPermitted = true
    else if (kind === kinds.sack && length % 8 === 2) options.sack = readBlocks(bytes.subarray(at + 2, at + length))
    at += length
  }
  return options
}

function readBlocks(bytes: Buffer): SackBlock[] {
  const blocks: SackBlock[] = []
  for (let at = 0; at < bytes.length; at += 8) blocks.push([bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)])
  return blocks
}

/** Length of a header with these options. */
export function tcpLength(options: TcpOptions | undefined): number {
  return options === undefined ? plainLength : plainLength + optionBytes(options).length
}

export interface TcpEnds {
  readonly source: IpAddress
  readonly destination: IpAddress
  readonly sourcePort: number
  readonly destinationPort: number
}

/** Writes the header of a segment at `at`, up to the end of `bytes`; its payload has to stand there already. */
export function writeTcp(bytes: Buffer, at: number, end: number, ends: TcpEnds, head: TcpHead): void {
  const headerLength = tcpLength(head.options)
  bytes.writeUInt16BE(ends.sourcePort, at)
  bytes.writeUInt16BE(ends.destinationPort, at + 2)
  bytes.writeUInt32BE(head.sequence, at + 4)
  bytes.writeUInt32BE(head.acknowledgment, at + 8)
  bytes[at + 12] = (headerLength / 4) << 4
  bytes[at + 13] = head.flags
  bytes.writeUInt16BE(head.window, at + 14)
  bytes.writeUInt32BE(0, at + 16)
  if (head.options !== undefined) bytes.set(optionBytes(head.options), at + plainLength)
  const pseudo = pseudoHeaderSum(ends.source, ends.destination, protocols.tcp, end - at)
  bytes.writeUInt16BE(checksumOf(sumOf(bytes, at, end, pseudo)), at + 16)
}

function optionBytes({ mss, windowScale, sackPermitted, sack = [] }: TcpOptions): number[] {
  const bytes: number[] = []
  if (mss !== undefined) bytes.push(kinds.mss, 4, mss >> 8, mss & 0xff)
  if (windowScale !== undefined) bytes.push(kinds.windowScale, 3, windowScale)
  if (sackPermitted === true) bytes.push(kinds.sackPermitted, 2)
  if (sack.length > 0) bytes.push(kinds.sack, 2 + 8 * sack.length, ...sack.flat().flatMap(wordBytes))
  while (bytes.length % 4 !== 0) bytes.push(kinds.nothing)
  return bytes
}

function wordBytes(word: number): number[] {
  return [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff]
}
