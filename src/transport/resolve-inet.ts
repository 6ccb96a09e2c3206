import { isIP } from 'node:net'
import { TransportError } from './transport-error.ts'

/** Where to listen or to connect. */
export interface InetTarget {
  /** A name or an address; without one, the loopback interface: QEMU would take every interface there is. */
  readonly host?: string
  /** A number, or its decimal text, of which 16 bits count; 0, or no text, lets the system choose where to listen. */
  readonly port: number | string
  /** The last port to try when listening: the first free one is taken. */
  readonly to?: number
  /** Narrow a name to one family: `false` forbids one, `true` alone forbids the other. */
  readonly ipv4?: boolean
  readonly ipv6?: boolean
}

export interface Resolved {
  readonly addresses: readonly { readonly address: string; readonly family: number }[]
  readonly port: number
}

/**
 * Finds the addresses and the number of the port that a target names.
 *
 * @throws {TransportError} `invalid`, if both families are forbidden; `resolve`, if the name or the port means nothing
 */
export async function resolveInet(
  { host = '', port, ipv4, ipv6 }: InetTarget,
  use: 'listen' | 'connect' | 'bind',
): Promise<Resolved> {
  const fail = (reason: string, cause?: unknown): TransportError =>
    new TransportError(
      'resolve',
      `address resolution failed for ${use === 'bind' && host === '' ? '(null)' : host}:${port}: ${reason}`,
      cause,
    )
  const family = familyOf(ipv4, ipv6)
  if (!/^\d*$/.test(String(port))) throw fail('Servname not supported for ai_socktype')
  // As the C library reads it: of a larger number the last 16 bits count.
  const number = Number(BigInt(port) & 0xffffn)
  const name = host === '' ? 'localhost' : host
  // Whoever connects over IPv6 alone may still name an IPv4 address: it is mapped.
  if (use === 'listen' && family !== 0 && isIP(name) === 10 - family)
    throw fail('Address family for hostname not supported')
  const { lookup } = await import('node:dns/promises') // who starts with unix sockets does not wait for it
  try {
    return { addresses: await lookup(name, { all: true, family, verbatim: true }), port: number }
  } catch (error) {
    throw fail('Name or service not known', error)
  }
}

/** The one family that is left, or 0 for both. */
function familyOf(ipv4: boolean | undefined, ipv6: boolean | undefined): 0 | 4 | 6 {
  if (ipv4 === false && ipv6 === false) throw new TransportError('invalid', 'Cannot disable IPv4 and IPv6 at same time')
  if (ipv4 === ipv6) return 0
  if (ipv4 === false || (ipv6 === true && ipv4 === undefined)) return 6
  return 4
}
