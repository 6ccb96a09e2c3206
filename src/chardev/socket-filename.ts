import type { Address, Duplex } from '../transport/index.ts'
import type { SocketBackend, SocketTarget } from './options.ts'

/**
 * The text that query-chardev shows for a socket.
 *
 * @param listening - where it listens, once it does
 * @param connection - the one to show, if somebody is connected
 */
export function socketFilename(
  { address, server, telnet, websocket }: SocketBackend,
  listening: Address | undefined,
  connection: Duplex | undefined,
): string {
  const suffix = server ? ',server=on' : ''
  const scheme = telnet ? 'telnet' : websocket === true ? 'websocket' : 'tcp'
  if (connection === undefined) return `disconnected:${idleText(listening ?? address, scheme)}${suffix}`
  const { local, remote } = connection
  if (local?.type === 'inet' && remote?.type === 'inet')
    return `${scheme}:${inetText(local)}${suffix} <-> ${inetText(remote)}`
  // A socket that connects has no path of its own, and no more is known of one that was passed connected.
  const passed = connection.kind === 'fd' && address.type !== 'fd'
  const path = server && listening?.type === 'unix' && !passed ? listening.path : ''
  return `unix:${path}${suffix}`
}

function idleText(address: Address | SocketTarget, scheme: string): string {
  if (address.type === 'unix') return `unix:${address.path}`
  if (address.type === 'fd') return `fd:${address.fd}`
  return `${scheme}:${address.host}:${address.port}`
}

function inetText({ host, port, ipv6 }: Address & { type: 'inet' }): string {
  return ipv6 ? `[${host}]:${port}` : `${host}:${port}`
}
