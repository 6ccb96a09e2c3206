import { isIP } from 'node:net'
import { NetError } from '../../net-error.ts'
import type { HostTarget } from '../host-address.ts'
import { type AddressBlock, parseBlock } from './address-block.ts'
import type { NetworkPolicy, NetworkPolicyRule } from './policy-format.ts'

/** Addresses that a rule means. */
export type AddressMatch = 'host' | 'dns' | AddressBlock

/** Names that a rule means: one, or all below it. */
export interface NameMatch {
  readonly name: string
  readonly below: boolean
}

export interface PortRange {
  readonly from: number
  readonly to: number
}

/** A rule, understood; what is undefined fits always. */
export interface PolicyRule {
  readonly action: NetworkPolicyRule['action']
  readonly protocol: 'tcp' | 'udp' | undefined
  readonly addresses: readonly AddressMatch[] | undefined
  readonly names: readonly NameMatch[] | undefined
  readonly ports: readonly PortRange[] | undefined
  /** Of a redirection; port 0 is the one that was asked for. */
  readonly to: HostTarget | undefined
}

export interface PolicyRules {
  readonly byDefault: 'allow' | 'deny'
  readonly rules: readonly PolicyRule[]
}

const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?'
const wellFormedName = new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*\\.?$`)

/** @throws {NetError} kind `refused`, if a rule makes no sense: which, and why */
export function policyRules({ default: byDefault, rules }: NetworkPolicy): PolicyRules {
  return { byDefault, rules: rules.map((rule, index) => ruleOf(rule, `rules[${index}]`)) }
}

function ruleOf(rule: NetworkPolicyRule, at: string): PolicyRule {
  const { action, protocol } = rule
  if (action === 'redirect' && rule.to === undefined) throw refused(`${at}: a redirection needs 'to'`)
  if (action !== 'redirect' && rule.to !== undefined) throw refused(`${at}.to: only a redirection goes elsewhere`)
  return {
    ...{ action, protocol },
    addresses: each(rule.address, `${at}.address`, addressOf),
    names: each(rule.name, `${at}.name`, nameOf),
    ports: each(rule.port, `${at}.port`, rangeOf),
    to: rule.to === undefined ? undefined : targetOf(rule.to, `${at}.to`),
  }
}

/** One, or the members of a list; an empty one fits nothing, which nobody can have meant. */
function each<T, U>(said: T | readonly T[] | undefined, at: string, read: (one: T, at: string) => U): U[] | undefined {
  if (said === undefined) return undefined
  if (!Array.isArray(said)) return [read(said as T, at)]
  if (said.length === 0) throw refused(`${at}: the list is empty`)
  return said.map((one: T, index) => read(one, `${at}[${index}]`))
}

function addressOf(text: string, at: string): AddressMatch {
  if (text === 'host' || text === 'dns') return text
  const block = parseBlock(text)
  if (block === undefined)
    throw refused(`${at}: '${text}' is no address, no network as 192.0.2.0/24, and neither 'host' nor 'dns'`)
  return block
}

function nameOf(text: string, at: string): NameMatch {
  const name = text.toLowerCase()
  if (!wellFormedName.test(name)) throw refused(`${at}: '${text}' is no name as www.example.org or *.example.org`)
  const below = name.startsWith('*.')
  return { name: name.slice(below ? 2 : 0).replace(/\.$/, ''), below }
}

function rangeOf(said: number | string, at: string): PortRange {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(said)) ?? []
  const [from, to] = [Number(first), Number(last)]
  if (!(from >= 1 && from <= to && to <= 65_535))
    throw refused(`${at}: '${said}' is no port, and no range as 8000-8999`)
  return { from, to }
}

function targetOf(text: string, at: string): HostTarget {
  const [, bracketed, plain, portText] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? []
  const address = bracketed ?? plain ?? ''
  const port = portText === undefined ? 0 : Number(portText)
  const isAddress = isIP(address) === (bracketed === undefined ? 4 : 6) && !address.includes('%')
  if (!isAddress || port > 65_535 || portText === '0')
    throw refused(`${at}: '${text}' is no place as 127.0.0.1:8080 or [::1]:8080`)
  return { address, port }
}

function refused(message: string): NetError {
  return new NetError('refused', message)
}
