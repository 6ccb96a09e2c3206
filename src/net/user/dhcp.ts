import { isHostMac, type MacAddress } from './ethernet.ts'

export const dhcpPorts = { server: 67, client: 68 } as const

const fixedLength = 236
const cookie = 0x63825363
const operations = { request: 1, reply: 2 } as const
const messages = { discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7, inform: 8 } as const
const options = {
  ...{ pad: 0, mask: 1, router: 3, dns: 6, hostName: 12, domainName: 15, requested: 50, leaseTime: 51 },
  ...{ message: 53, server: 54, tftpServer: 66, domainSearch: 119, end: 255 },
} as const
/** A day, in seconds. */
const leaseTime = 86_400
/** How many addresses there are to give. */
const mostLeases = 16

/** What guests are told. */
export interface DhcpAnswers {
  readonly host: number
  readonly mask: number
  /** Undefined where there is nothing beyond this network. */
  readonly router: number | undefined
  readonly dns: number | undefined
  /** The first address that is given. */
  readonly first: number
  readonly hostName?: string | undefined
  readonly domainName?: string | undefined
  readonly domainSearch?: readonly string[]
  readonly bootFile?: string | undefined
  readonly tftpServerName?: string | undefined
}

export interface DhcpReply {
  readonly bytes: Buffer
  /** Whose it is now; undefined if nobody has got one. */
  readonly lease: { readonly address: number; readonly mac: MacAddress } | undefined
}

/** Gives addresses to guests by DHCP (RFC 2131, 2132) and BOOTP: to each the same as long as there are enough. */
export class DhcpServer {
  readonly #answers: DhcpAnswers
  /** The hardware address that has each; who has been silent longest loses it first. */
  readonly #leases = new Map<number, string>()

  constructor(answers: DhcpAnswers) {
    this.#answers = answers
  }

  /** The address that a machine got; undefined if none. */
  leaseOf(mac: MacAddress): number | undefined {
    const name = nameOf(mac)
    for (const [address, owner] of this.#leases) if (owner === name) return address
    return undefined
  }

  /** @returns undefined for what is no request, or needs no answer */
  answer(request: Buffer): DhcpReply | undefined {
    if (request.length < fixedLength || request[0] !== operations.request || request[1] !== 1 || request[2] !== 6)
      return undefined
    const mac = request.subarray(28, 34)
    if (!isHostMac(mac)) return undefined
    const said = readOptions(request.subarray(fixedLength))
    const message = said.get(options.message)?.[0]
    if (message === messages.release) this.#release(mac)
    if (message === messages.inform) return { bytes: this.#reply(request, messages.ack, undefined), lease: undefined }
    if (message === messages.decline || message === messages.release) return undefined
    if (message !== undefined && message !== messages.discover && message !== messages.request) return undefined
    const server = addressIn(said.get(options.server))
    if (message === messages.request && server !== undefined && server !== this.#answers.host) return undefined
    const address = this.#lease(mac)
    if (address === undefined) return undefined
    const wanted = addressIn(said.get(options.requested)) ?? (request.readUInt32BE(12) || undefined)
    if (message === messages.request && wanted !== undefined && wanted !== address)
      return { bytes: this.#reply(request, messages.nak, undefined), lease: undefined }
    const kind = message === undefined ? undefined : message === messages.discover ? messages.offer : messages.ack
    const bytes = this.#reply(request, kind, address)
    return { bytes, lease: { address, mac: Uint8Array.from(mac) } }
  }

  #lease(mac: MacAddress): number | undefined {
    const { first, mask, host, dns } = this.#answers
    const had = this.leaseOf(mac)
    if (had !== undefined) {
      const owner = this.#leases.get(had)!
      this.#leases.delete(had)
      this.#leases.set(had, owner)
      return had
    }
    for (let address = first; address < first + mostLeases; address++) {
      const isOfNetwork = (address & mask) === (host & mask) && (address | mask) !== -1
      if (!isOfNetwork || address === host || address === dns || this.#leases.has(address)) continue
      this.#leases.set(address, nameOf(mac))
      return address
    }
    const oldest = this.#leases.keys().next().value
    if (oldest === undefined) return undefined
    this.#leases.delete(oldest)
    this.#leases.set(oldest, nameOf(mac))
    return oldest
  }

  #release(mac: MacAddress): void {
    const address = this.leaseOf(mac)
    if (address !== undefined) this.#leases.delete(address)
  }

  #reply(request: Buffer, message: number | undefined, address: number | undefined): Buffer {
    const { host, bootFile } = this.#answers
    const reply = Buffer.alloc(fixedLength)
    reply[0] = operations.reply
    reply[1] = 1
    reply[2] = 6
    request.copy(reply, 4, 4, 8) // the transaction
    request.copy(reply, 10, 10, 12) // whether to answer by broadcast
    if (message === messages.ack && address === undefined) request.copy(reply, 12, 12, 16)
    reply.writeUInt32BE(address ?? 0, 16)
    if (message !== messages.nak) reply.writeUInt32BE(host, 20)
    request.copy(reply, 28, 28, 44) // the hardware address
    if (message !== messages.nak && bootFile !== undefined) reply.write(bootFile.slice(0, 127), 108, 'latin1')
    const ends = message === messages.nak ? this.#refusal() : this.#information(message, address)
    return Buffer.concat([reply, wordBytes(cookie), ...ends, Buffer.of(options.end)])
  }

  #refusal(): Buffer[] {
    return [option(options.message, Buffer.of(messages.nak)), option(options.server, wordBytes(this.#answers.host))]
  }

  #information(message: number | undefined, address: number | undefined): Buffer[] {
    const { host, mask, router, dns, hostName, domainName, domainSearch = [], tftpServerName } = this.#answers
    const list: Buffer[] = []
    if (message !== undefined) list.push(option(options.message, Buffer.of(message)))
    list.push(option(options.server, wordBytes(host)), option(options.mask, wordBytes(mask)))
    if (router !== undefined) list.push(option(options.router, wordBytes(router)))
    if (dns !== undefined) list.push(option(options.dns, wordBytes(dns)))
    if (address !== undefined) list.push(option(options.leaseTime, wordBytes(leaseTime)))
    if (hostName !== undefined) list.push(option(options.hostName, Buffer.from(hostName)))
    if (domainName !== undefined) list.push(option(options.domainName, Buffer.from(domainName)))
    if (tftpServerName !== undefined) list.push(option(options.tftpServer, Buffer.from(tftpServerName)))
    if (domainSearch.length > 0) list.push(...longOption(options.domainSearch, searchList(domainSearch)))
    return list
  }
}

function nameOf(mac: MacAddress): string {
  return Buffer.from(mac).toString('hex')
}

function readOptions(bytes: Buffer): Map<number, Buffer> {
  const said = new Map<number, Buffer>()
  if (bytes.length < 4 || bytes.readUInt32BE(0) !== cookie) return said
  for (let at = 4; at < bytes.length; ) {
    const kind = bytes[at]!
    if (kind === options.end) break
    if (kind === options.pad) {
      at++
      continue
    }
    const length = bytes[at + 1] ?? 0
    if (at + 2 + length > bytes.length) break
    said.set(kind, bytes.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return said
}

function addressIn(value: Buffer | undefined): number | undefined {
  return value?.length === 4 ? value.readUInt32BE(0) : undefined
}

function wordBytes(word: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(word >>> 0)
  return bytes
}

function option(kind: number, value: Buffer): Buffer {
  const short = value.subarray(0, 255)
  return Buffer.concat([Buffer.of(kind, short.length), short])
}

/** What is longer than an option can be is several of them (RFC 3396). */
function longOption(kind: number, value: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at < value.length; at += 255) parts.push(option(kind, value.subarray(at, at + 255)))
  return parts
}

/** Names as RFC 3397 has them: labels with their lengths, here without compression. */
function searchList(names: readonly string[]): Buffer {
  const labels = names.flatMap((name) => [
    ...name
      .split('.')
      .filter((label) => label.length > 0 && label.length < 64)
      .map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')])),
    Buffer.of(0),
  ])
  return Buffer.concat(labels)
}
