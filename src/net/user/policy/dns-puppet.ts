import type { IpAddress } from '../ip-address.ts'
import { writeIpv6Address } from '../ipv6-address.ts'

/** A record of an answer: an address, or another name. */
export interface PuppetRecord {
  readonly owner: string
  readonly address?: IpAddress
  readonly alias?: string
}

/** A question for the addresses of a name, as a client makes it. */
export function dnsQuestion(name: string): Buffer {
  const head = Buffer.from('123401000001000000000000', 'hex')
  return Buffer.concat([head, nameBytes(name), Buffer.of(0, 1, 0, 1)])
}

/** What a name server says of a name: its addresses, for a minute, or records of whatever name. */
export function dnsAnswer(name: string, records: readonly (IpAddress | PuppetRecord)[]): Buffer {
  const message = dnsQuestion(name)
  message.writeUInt16BE(0x8180, 2)
  message.writeUInt16BE(records.length, 6)
  const all = records.map((record) => (typeof record === 'object' ? record : { owner: name, address: record }))
  return Buffer.concat([message, ...all.map(recordBytes)])
}

function recordBytes({ owner, address, alias }: PuppetRecord): Buffer {
  const data = alias === undefined ? addressBytes(address!) : nameBytes(alias)
  const type = alias === undefined ? (typeof address === 'number' ? 1 : 28) : 5
  const head = Buffer.alloc(10)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(1, 2)
  head.writeUInt32BE(60, 4)
  head.writeUInt16BE(data.length, 8)
  return Buffer.concat([nameBytes(owner), head, data])
}

function addressBytes(address: IpAddress): Buffer {
  const bytes = Buffer.alloc(typeof address === 'number' ? 4 : 16)
  if (typeof address === 'number') bytes.writeUInt32BE(address)
  else writeIpv6Address(bytes, address, 0)
  return bytes
}

function nameBytes(name: string): Buffer {
  return Buffer.concat([
    ...name.split('.').map((label) => Buffer.from(String.fromCharCode(label.length) + label)),
    Buffer.of(0),
  ])
}
