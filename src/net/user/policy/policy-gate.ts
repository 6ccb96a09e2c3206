import { networkInterfaces } from 'node:os'
import type { Clock } from '../clock.ts'
import { type HostTarget, type NetworkShape, targetOf } from '../host-address.ts'
import { formatIp, type IpAddress } from '../ip-address.ts'
import { parseIpv4 } from '../ipv4-address.ts'
import { parseIpv6 } from '../ipv6-address.ts'
import { isOfDns, isOfHost } from '../ipv6-network.ts'
import { embeddedIpv4, isInBlock, isPublic } from './address-block.ts'
import { type DecisionListener, DecisionTeller, type PolicyDecision } from './decision-teller.ts'
import { dnsRefusal, readDnsAnswer, readDnsQuery } from './dns-message.ts'
import { KnownNames } from './known-names.ts'
import type { AddressMatch, NameMatch, PolicyRule, PolicyRules } from './policy-rules.ts'

export const dnsPort = 53
/** How long what this host's addresses are is believed, in milliseconds. */
const addressesHold = 1000
const loopback = [0x7f00_0001, 1n]

type Protocol = PolicyDecision['protocol']

interface Destination {
  readonly protocol: Protocol
  readonly address: IpAddress
  readonly port: number
}

interface Verdict {
  readonly action: PolicyDecision['action']
  readonly rule?: number
  readonly name?: string | undefined
  readonly to?: HostTarget | undefined
}

export interface PolicyGateParts {
  readonly policy: PolicyRules
  readonly shape: NetworkShape
  readonly clock: Clock
  readonly told: DecisionListener
}

/** Decides which connections a guest may open, and which names it may ask for; learns the names of addresses from what it is answered. */
export class PolicyGate {
  readonly #policy: PolicyRules
  readonly #shape: NetworkShape
  readonly #clock: Clock
  readonly #names: KnownNames
  readonly #teller: DecisionTeller
  #own: { readonly addresses: ReadonlySet<IpAddress>; readonly until: number } | undefined

  constructor({ policy, shape, clock, told }: PolicyGateParts) {
    this.#policy = policy
    this.#shape = shape
    this.#clock = clock
    this.#names = new KnownNames(clock)
    this.#teller = new DecisionTeller(clock, told)
  }

  /** Where a connection goes; undefined if it may not, or if there is nothing. */
  target(protocol: Protocol, address: IpAddress, port: number): HostTarget | undefined {
    const usual = targetOf(this.#shape, address, port)
    if (this.#shape.restrict || port === 0) return undefined
    if (this.isNameServer(address, port)) return usual && (this.#resolver(protocol) ?? usual)
    const verdict = this.#decide({ protocol, address, port })
    const to = verdict.to && { address: verdict.to.address, port: verdict.to.port || port }
    // What goes nowhere is nobody's business.
    if (usual === undefined && to === undefined) return undefined
    this.#tell({ protocol, address, port }, verdict, to)
    return verdict.action === 'deny' ? undefined : (to ?? usual)
  }

  /** Whether what goes there are questions for the name server, which are decided one by one. */
  isNameServer(address: IpAddress, port: number): boolean {
    return port === dnsPort && this.#isDns(address)
  }

  /**
   * Decides whether the name server is to hear a question.
   *
   * @returns what the guest is answered in its place: nothing, if it is empty; undefined if the question may pass
   */
  answerTo(protocol: Protocol, address: IpAddress, message: Buffer): Buffer | undefined {
    const query = readDnsQuery(message)
    const destination = { protocol, address, port: dnsPort }
    if (query !== undefined) {
      const verdict = this.#decideName(destination, query.name)
      this.#tell(destination, { ...verdict, name: query.name }, undefined)
      if (verdict.action !== 'deny') return undefined
    }
    return dnsRefusal(message) ?? Buffer.alloc(0)
  }

  /** The name server has answered. */
  answered(message: Buffer): void {
    const answer = readDnsAnswer(message)
    if (answer !== undefined) this.#names.learn(answer)
  }

  close(): void {
    this.#teller.close()
  }

  #decide(destination: Destination): Verdict {
    const { byDefault, rules } = this.#policy
    const known = this.#names.of(destination.address)
    for (const [index, rule] of rules.entries()) {
      const name = rule.names && known.findLast((one) => rule.names!.some((match) => isName(match, one)))
      if (rule.names !== undefined && name === undefined) continue
      if (!this.#fits(rule, destination)) continue
      // Whoever has a name says which addresses it has: it opens no way into networks that nobody else reaches.
      if (rule.action === 'allow' && rule.names !== undefined && rule.addresses === undefined)
        if (!isPublic(destination.address) || this.#isHost(destination.address)) continue
      return { action: rule.action, rule: index, name: name ?? known.at(-1), to: rule.to }
    }
    return { action: byDefault, name: known.at(-1) }
  }

  /** A name may be asked for if something of that name might be reached, or by a rule for the name server. */
  #decideName(destination: Destination, asked: string): Verdict {
    const { byDefault, rules } = this.#policy
    for (const [index, rule] of rules.entries()) {
      const { names, action } = rule
      if (names === undefined ? this.#fits(rule, destination) : names.some((match) => isName(match, asked)))
        if (names === undefined || action !== 'deny' || isWhole(rule))
          // What is denied on one port may be allowed on another: who may ask is up to the rules that follow.
          return { action, rule: index }
    }
    return { action: byDefault }
  }

  /** Where questions go by a rule that sends the name server's elsewhere. */
  #resolver(protocol: Protocol): HostTarget | undefined {
    const destination = { protocol, address: this.#shape.dns, port: dnsPort }
    const rule = this.#policy.rules.find((one) => one.names === undefined && this.#fits(one, destination))
    return rule?.to && { address: rule.to.address, port: rule.to.port || dnsPort }
  }

  #fits({ protocol, addresses, ports }: PolicyRule, destination: Destination): boolean {
    if (protocol !== undefined && protocol !== destination.protocol) return false
    if (ports !== undefined && !ports.some(({ from, to }) => from <= destination.port && destination.port <= to))
      return false
    return addresses === undefined || addresses.some((match) => this.#isAddress(match, destination.address))
  }

  #isAddress(match: AddressMatch, address: IpAddress): boolean {
    if (match === 'host') return this.#isHost(address)
    if (match === 'dns') return this.#isDns(address)
    return this.#meanings(address).some((meant) => isInBlock(match, meant))
  }

  /** All addresses of what an address leads to, as far as that is known. */
  #meanings(address: IpAddress): readonly IpAddress[] {
    const { host, dns, ipv6 } = this.#shape
    if (this.#isGateway(address)) return [address, host, ...(ipv6 === undefined ? [] : [ipv6.host]), ...loopback]
    if (this.#isDns(address)) return [address, dns, ...(ipv6 === undefined ? [] : [ipv6.dns])]
    const inner = embeddedIpv4(address)
    return inner === undefined ? [address] : [address, inner]
  }

  #isGateway(address: IpAddress): boolean {
    const { host, ipv6 } = this.#shape
    return typeof address === 'number' ? address === host : ipv6 !== undefined && isOfHost(ipv6, address)
  }

  #isDns(address: IpAddress): boolean {
    const { dns, ipv6 } = this.#shape
    return typeof address === 'number' ? address === dns : ipv6 !== undefined && isOfDns(ipv6, address)
  }

  /** By the gateway's address, or by one that this host has elsewhere. */
  #isHost(address: IpAddress): boolean {
    if (this.#isGateway(address)) return true
    const now = this.#clock.now()
    if (this.#own === undefined || this.#own.until <= now)
      this.#own = { addresses: ownAddresses(), until: now + addressesHold }
    return this.#own.addresses.has(embeddedIpv4(address) ?? address)
  }

  #tell({ protocol, address, port }: Destination, { action, rule, name }: Verdict, to: HostTarget | undefined): void {
    const shown = to && `${to.address.includes(':') ? `[${to.address}]` : to.address}:${to.port}`
    this.#teller.tell({ action, protocol, address: formatIp(address), port, name, rule, to: shown })
  }
}

/** It says nothing of how or where. */
function isWhole({ protocol, addresses, ports }: PolicyRule): boolean {
  return protocol === undefined && addresses === undefined && ports === undefined
}

function isName({ name, below }: NameMatch, asked: string): boolean {
  return below ? asked.endsWith(`.${name}`) : asked === name
}

function ownAddresses(): ReadonlySet<IpAddress> {
  const texts = Object.values(networkInterfaces()).flatMap((one) => (one ?? []).map(({ address }) => address))
  return new Set(texts.map((text) => parseIpv4(text) ?? parseIpv6(text)).filter((address) => address !== undefined))
}
