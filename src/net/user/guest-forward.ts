import type { Duplex } from 'node:stream'
import { NetError } from '../net-error.ts'
import type { PeerSocket } from './host-stream.ts'
import { parseIpv4 } from './ipv4-address.ts'

/** What a guest reaches at an address of its network that nobody has: a program for each connection, or a device. */
export interface GuestForward {
  readonly address: number
  readonly port: number
  /** Whether a device is behind it, which goes on with a connection from where another process has left it. */
  readonly isDevice: boolean
  /** Opens it for a connection; undefined where it has too many. */
  open(): PeerSocket | undefined
  close(): void
}

export interface GuestForwardRule {
  readonly address: number
  readonly port: number
  /** `cmd:` and a command line, or a character device. */
  readonly target: string
}

/** Opens character devices for it. @throws {NetError} kind `refused`, in QEMU's words */
export type OpenForwardDevice = (target: string, label: string) => Promise<ForwardDevice>

/** A character device behind an address: the connection that came first hears it. */
export interface ForwardDevice {
  /** Another connection. */
  connection(): Duplex
  close(): void
}

/**
 * Reads `tcp:[server]:port-target`.
 *
 * @param network - whose addresses it may be, and which of them are taken
 * @throws {NetError} kind `refused`, in QEMU's words
 */
export function parseGuestForward(
  text: string,
  network: { readonly network: number; readonly mask: number; readonly host: number; readonly dns: number },
): GuestForwardRule {
  const [, server, portText, target] = /^(?:tcp|):([^:]*):([^-]*)-(.*)$/s.exec(text) ?? []
  const port = /^\s*(0x[0-9a-f]+|\d+)$/i.test(portText ?? '') ? Number(portText) : 0
  const address = server === '' ? (network.network | (4 & ~network.mask)) >>> 0 : parseIpv4(server ?? '')
  if (target === undefined || address === undefined || port < 1 || port > 65_535)
    throw new NetError('refused', `Invalid guest forwarding rule '${text}'`)
  const isInside = (address & network.mask) === (network.network & network.mask)
  if (!isInside || address === network.host || address === network.dns)
    throw new NetError('refused', `Conflicting/invalid host:port in guest forwarding rule '${text}'`)
  return { address, port, target }
}
