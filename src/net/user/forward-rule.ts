import { NetError } from '../net-error.ts'
import type { ForwardRule } from './host-forward.ts'
import { formatIpv4, parseIpv4 } from './ipv4-address.ts'

const anywhere = 0

/**
 * Reads `[tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport`. Port 0 of the host is any that is free.
 *
 * @throws {NetError} kind `refused`, in QEMU's words
 */
export function parseForward(text: string): ForwardRule {
  const refuse = (why: string): never => {
    throw new NetError('refused', `Invalid host forwarding rule '${text}' (${why})`)
  }
  const colon = text.indexOf(':')
  if (colon < 0) return refuse('No : separators')
  const protocol = text.slice(0, colon)
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== '') return refuse('Bad protocol name')
  const [, hostText, afterHost] = /^([^:]*):(.*)$/s.exec(text.slice(colon + 1)) ?? []
  if (hostText === undefined) return refuse('Missing : separator')
  const hostAddress = hostText === '' ? anywhere : parseIpv4(hostText)
  if (hostAddress === undefined) return refuse('Bad host address')
  const [, hostPortText, rest] = /^([^-]*)-(.*)$/s.exec(afterHost!) ?? []
  const hostPort = portOf(hostPortText, 0)
  if (hostPort === undefined) return refuse('Bad host port')
  const [, guestText, guestPortText] = /^([^:]*):(.*)$/s.exec(rest!) ?? []
  if (guestText === undefined) return refuse('Missing guest address')
  const guestAddress = guestText === '' ? undefined : parseIpv4(guestText)
  if (guestText !== '' && guestAddress === undefined) return refuse('Bad guest address')
  const guestPort = portOf(guestPortText, 1)
  if (guestPort === undefined) return refuse('Bad guest port')
  return { protocol: protocol === 'udp' ? 'udp' : 'tcp', hostAddress, hostPort, guestAddress, guestPort }
}

function portOf(text: string | undefined, lowest: number): number | undefined {
  if (text === undefined || !/^\s*(0x[0-9a-f]+|\d+)$/i.test(text)) return undefined
  const port = Number(text)
  return port >= lowest && port <= 65_535 ? port : undefined
}

/** As it was said, for a message. */
export function forwardText({ protocol, hostAddress, hostPort, guestAddress, guestPort }: ForwardRule): string {
  const [host, guest] = [hostAddress, guestAddress ?? 0].map((address) => (address === 0 ? '' : formatIpv4(address)))
  return `${protocol}:${host}:${hostPort}-${guest}:${guestPort}`
}

/** Reads the host's half of a rule, `[tcp|udp]:[hostaddr]:hostport`; undefined for anything else. */
export function parseForwardEnd(text: string): Pick<ForwardRule, 'protocol' | 'hostAddress' | 'hostPort'> | undefined {
  const [, protocol, hostText, portText] = /^(tcp|udp|):([^:]*):(.*)$/s.exec(text) ?? []
  if (hostText === undefined) return undefined
  const hostAddress = hostText === '' ? anywhere : parseIpv4(hostText)
  // Any number of 32 bits will do: where nobody can listen there is no rule.
  if (hostAddress === undefined || !/^\s*[+-]?\d+$/.test(portText!)) return undefined
  const hostPort = Number(portText)
  if (hostPort !== (hostPort | 0)) return undefined
  return { protocol: protocol === 'udp' ? 'udp' : 'tcp', hostAddress, hostPort }
}
