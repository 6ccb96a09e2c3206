import type { SocketAddress } from './socket-address.ts'
import { TransportError } from './transport-error.ts'

/**
 * An address as it is written in one word: `unix:PATH`, `fd:NAME`, `vsock:CID:PORT`, `[tcp:]HOST:PORT`, the last with
 * options behind it (`,to=PORT`, `,ipv4`, `,ipv6=off`).
 *
 * @throws {TransportError} kind `invalid`, in QEMU's words
 */
export function parseSocketAddress(text: string): SocketAddress {
  const [, prefix, rest = ''] = /^(unix|fd|vsock|tcp):(.*)$/s.exec(text) ?? []
  switch (prefix) {
    case 'unix':
      if (rest === '') throw invalid('invalid Unix socket address')
      return { type: 'unix', path: rest }
    case 'fd':
      if (rest === '') throw invalid('invalid file descriptor address')
      return { type: 'fd', str: rest }
    case 'vsock':
      return { type: 'vsock' }
    case 'tcp':
      return parseInetAddress(rest)
    default:
      return parseInetAddress(text)
  }
}

const forms = [
  { begins: /^:/, whole: /^(?<host>):(?<port>[^,]{1,32})/, problem: 'error parsing port in address' },
  { begins: /^\[/, whole: /^\[(?<host>[^\]]{1,64})\]:(?<port>[^,]{1,32})/, problem: 'error parsing IPv6 address' },
  { begins: /^/, whole: /^(?<host>[^:]{1,64}):(?<port>[^,]{1,32})/, problem: 'error parsing address' },
]

/** `HOST:PORT`, with options behind it. @throws {TransportError} kind `invalid`, in QEMU's words */
export function parseInetAddress(text: string): Extract<SocketAddress, { type: 'inet' }> {
  const { whole, problem } = forms.find(({ begins }) => begins.test(text))!
  const found = whole.exec(text)
  if (found === null) throw invalid(`${problem} '${text}'`)
  const { host = '', port = '' } = found.groups ?? {}
  const options = text.slice(found[0].length)
  const to = /,to=([^,]*)/.exec(options)?.[1]
  if (to !== undefined && !/^\d+$/.test(to)) throw invalid('error parsing to= argument')
  const [ipv4, ipv6] = [flag('ipv4', options), flag('ipv6', options)]
  return {
    type: 'inet',
    host,
    port,
    ...(to !== undefined && { to: Number(to) }),
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
  }
}

function flag(name: string, options: string): boolean | undefined {
  const [, value] = new RegExp(`,${name}([^,]*)`).exec(options) ?? []
  if (value === undefined) return undefined
  if (value === '' || value === '=on') return true
  if (value === '=off') return false
  throw invalid(`error parsing '${name}' flag '${value}'`)
}

function invalid(text: string): TransportError {
  return new TransportError('invalid', text)
}
