import { type Infer, oneOf } from '../qapi/index.ts'
import type { Address, Duplex } from './duplex.ts'

export const NetworkAddressFamily = oneOf('NetworkAddressFamily', ['ipv4', 'ipv6', 'unix', 'vsock', 'unknown'])

/** An end of a connection in words, as commands and events tell it. */
export interface AddressText {
  readonly host: string
  /** A port; of a unix socket, its path. */
  readonly service: string
  readonly family: Infer<typeof NetworkAddressFamily>
}

/**
 * An end of a connection in words.
 *
 * @param kind - of the connection, for an end without an address
 */
export function addressText(address: Address | undefined, kind?: Duplex['kind']): AddressText {
  if (address?.type === 'inet')
    return { host: address.host, service: String(address.port), family: address.ipv6 ? 'ipv6' : 'ipv4' }
  if (address?.type === 'unix') return { host: '', service: address.path, family: 'unix' }
  return { host: '', service: '', family: kind === 'memory' ? 'unknown' : 'unix' }
}
