import type { IpAddress } from '../ip-address.ts'
import { readIpv6Address } from '../ipv6-address.ts'

const headerLength = 12
const types = { a: 1, cname: 5, aaaa: 28 } as const
const internet = 1
const longestName = 255
const mostRecords = 512
/** Of the flags: an answer, which operation it is, and how it went. */
const bits = { response: 0x8000, operation: 0x7800, recursionDesired: 0x0100, recursionAvailable: 0x0080, code: 0x000f }
const codes = { formatError: 1, refused: 5 } as const

/** What a guest asks a name server. */
export interface DnsQuery {
  /** In small letters, without the dot at the end. */
  readonly name: string
}

/** What a name server has said of a name: its addresses, and for how many seconds they hold. */
export interface DnsAnswer {
  readonly name: string
  readonly addresses: readonly { readonly address: IpAddress; readonly seconds: number }[]
}

/** Reads a message that asks one thing (RFC 1035, 4.1); undefined if it is none, or its name is not spelt as names are. */
export function readDnsQuery(message: Buffer): DnsQuery | undefined {
  const question = questionOf(message)
  if (question === undefined || (message.readUInt16BE(2) & (bits.response | bits.operation)) !== 0) return undefined
  return { name: question.name }
}

/** Reads an answer; undefined if it is none, or says that there is nothing. Records of other names are passed over. */
export function readDnsAnswer(message: Buffer): DnsAnswer | undefined {
  const question = questionOf(message)
  if (
    question === undefined ||
    (message.readUInt16BE(2) & (bits.response | bits.operation | bits.code)) !== bits.response
  )
    return undefined
  const records = recordsOf(message, question.end)
  if (records === undefined) return undefined
  const names = aliasesOf(question.name, records)
  const addresses = records.flatMap(({ owner, address, seconds }) =>
    address !== undefined && names.has(owner) ? [{ address, seconds }] : [],
  )
  return { name: question.name, addresses }
}

/** What is said to a query that is not to be answered; undefined if it is too short for a query. */
export function dnsRefusal(query: Buffer): Buffer | undefined {
  if (query.length < headerLength || (query.readUInt16BE(2) & bits.response) !== 0) return undefined
  const question = questionOf(query)
  const reply = Buffer.from(query.subarray(0, question?.end ?? headerLength))
  const kept = query.readUInt16BE(2) & (bits.operation | bits.recursionDesired)
  const code = question === undefined ? codes.formatError : codes.refused
  reply.writeUInt16BE(bits.response | kept | bits.recursionAvailable | code, 2)
  reply.fill(0, 4, headerLength)
  if (question !== undefined) reply.writeUInt16BE(1, 4)
  return reply
}

function questionOf(message: Buffer): { readonly name: string; readonly end: number } | undefined {
  if (message.length < headerLength || message.readUInt16BE(4) !== 1) return undefined
  const found = nameAt(message, headerLength)
  // Nothing stands ahead of it that it could point to.
  if (found === undefined || found.pointed || found.end + 4 > message.length) return undefined
  return { name: found.name, end: found.end + 4 }
}

interface DnsRecord {
  readonly owner: string
  readonly seconds: number
  readonly address?: IpAddress
  readonly alias?: string
}

/** The records of an answer that say an address or another name; undefined if they cannot be read. */
function recordsOf(message: Buffer, start: number): DnsRecord[] | undefined {
  const records: DnsRecord[] = []
  let at = start
  for (let left = Math.min(message.readUInt16BE(6), mostRecords); left > 0; left--) {
    const owner = nameAt(message, at)
    if (owner === undefined || owner.end + 10 > message.length) return undefined
    const [type, kind] = [message.readUInt16BE(owner.end), message.readUInt16BE(owner.end + 2)]
    const seconds = message.readUInt32BE(owner.end + 4)
    const length = message.readUInt16BE(owner.end + 8)
    const data = owner.end + 10
    at = data + length
    if (at > message.length) return undefined
    if (kind !== internet) continue
    const of = { owner: owner.name, seconds }
    if (type === types.a && length === 4) records.push({ ...of, address: message.readUInt32BE(data) })
    if (type === types.aaaa && length === 16) records.push({ ...of, address: readIpv6Address(message, data) })
    const alias = type === types.cname ? nameAt(message, data)?.name : undefined
    if (alias !== undefined) records.push({ ...of, alias })
  }
  return records
}

/** A name, and the names that it is another name for. */
function aliasesOf(name: string, records: readonly DnsRecord[]): ReadonlySet<string> {
  const targets = new Map(records.flatMap(({ owner, alias }) => (alias === undefined ? [] : [[owner, alias] as const])))
  const names = new Set<string>()
  for (let next: string | undefined = name; next !== undefined && !names.has(next); next = targets.get(next))
    names.add(next)
  return names
}

interface FoundName {
  readonly name: string
  /** Where what follows it begins. */
  readonly end: number
  /** Part of it stands elsewhere. */
  readonly pointed: boolean
}

/** Reads a name, whose parts may stand further ahead (RFC 1035, 4.1.4); undefined if it is none, or is spelt oddly. */
function nameAt(message: Buffer, start: number): FoundName | undefined {
  const labels: string[] = []
  let [at, end, length] = [start, -1, 0]
  for (;;) {
    const size = message[at]
    if (size === undefined) return undefined
    if (size >= 0xc0) {
      if (at + 1 >= message.length) return undefined
      if (end < 0) end = at + 2
      const target = message.readUInt16BE(at) & 0x3fff
      // Only ahead of itself: there is no way back to here.
      if (target >= at) return undefined
      at = target
      continue
    }
    if (size === 0) return { name: labels.join('.'), end: end < 0 ? at + 1 : end, pointed: end >= 0 }
    length += size + 1
    const label = message.toString('latin1', at + 1, at + 1 + size)
    // A dot within would look like two.
    if (size > 63 || length > longestName || !/^[!-~]+$/.test(label) || label.includes('.')) return undefined
    labels.push(label.toLowerCase())
    at += 1 + size
  }
}
