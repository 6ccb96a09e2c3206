import { formatIpv6Fully } from './ipv6-address.ts'

export const dhcpv6Ports = { server: 547, client: 546 } as const
/** All servers and relays of a cable. */
export const dhcpv6Group = (0xff02n << 112n) | 0x1_0002n

const messages = { reply: 7, informationRequest: 11 } as const
const options = { client: 1, address: 3, temporaryAddress: 4, requested: 6, dns: 23, bootFile: 59 } as const

export interface Dhcpv6Answers {
  readonly host: bigint
  /** Undefined where there is nothing beyond this network. */
  readonly dns: bigint | undefined
  readonly bootFile?: string | undefined
}

/**
 * Answers who has its address by itself and asks for the rest (RFC 8415, 18.3.6; RFC 5970).
 *
 * @returns undefined for what is no such request
 */
export function dhcpv6Reply({ host, dns, bootFile }: Dhcpv6Answers, request: Buffer): Buffer | undefined {
  if (request.length < 4 || request[0] !== messages.informationRequest) return undefined
  const said = readOptions(request.subarray(4))
  if (said === undefined || said.has(options.address) || said.has(options.temporaryAddress)) return undefined
  const parts = [Buffer.of(messages.reply), request.subarray(1, 4)]
  const client = said.get(options.client)
  if (client !== undefined) parts.push(option(options.client, client))
  const wanted = said.get(options.requested) ?? Buffer.alloc(0)
  const isWanted = (kind: number): boolean => {
    for (let at = 0; at + 1 < wanted.length; at += 2) if (wanted.readUInt16BE(at) === kind) return true
    return false
  }
  if (dns !== undefined && isWanted(options.dns)) parts.push(option(options.dns, addressBytes(dns)))
  if (bootFile !== undefined && isWanted(options.bootFile))
    parts.push(option(options.bootFile, Buffer.from(`tftp://[${formatIpv6Fully(host)}]/${bootFile}`)))
  return Buffer.concat(parts)
}

/** Undefined if they are damaged. */
function readOptions(bytes: Buffer): Map<number, Buffer> | undefined {
  const said = new Map<number, Buffer>()
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) return undefined
    const end = at + 4 + bytes.readUInt16BE(at + 2)
    if (end > bytes.length) return undefined
    said.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, end))
    at = end
  }
  return said
}

function option(kind: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(kind, 0)
  head.writeUInt16BE(value.length, 2)
  return Buffer.concat([head, value])
}

function addressBytes(address: bigint): Buffer {
  return Buffer.from(address.toString(16).padStart(32, '0'), 'hex')
}
