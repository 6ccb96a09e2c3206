import { isIP } from 'node:net'
import type { Address } from './duplex.ts'

/** An address as Node's sockets tell it, in parts that are missing once the socket is gone. */
export function inetAddress(host = '', port = 0): Address {
  return { type: 'inet', host, port, ipv6: isIP(host) === 6 }
}
