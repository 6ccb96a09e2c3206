import { ChardevError } from './chardev-error.ts'
import type { SocketBackend, SocketTarget } from './options.ts'

/** What was said of a socket; undefined: nothing. */
export interface SocketWish {
  readonly address: SocketTarget
  readonly server: boolean
  readonly wait: boolean | undefined
  /** Whether a server waits for its first client if nothing is said of it. */
  readonly waits: boolean
  readonly telnet?: boolean | undefined
  readonly tn3270?: boolean | undefined
  readonly websocket?: boolean | undefined
  readonly abstract?: boolean | undefined
  /** Seconds. */
  readonly reconnect?: number | bigint | undefined
  readonly clients?: number | undefined
  readonly tlsCreds?: string | undefined
  readonly tlsAuthz?: string | undefined
}

/**
 * What a socket is to be, if all that was said of it goes together.
 *
 * @throws {ChardevError} `option`, in QEMU's words, or `unsupported`
 */
export function socketBackend(wish: SocketWish): SocketBackend {
  const { address, server, reconnect, tlsCreds, tlsAuthz } = wish
  const problem = problemOf(wish)
  // Whether there are such credentials is what QEMU looks at first.
  if (problem !== undefined && tlsCreds === undefined) throw problem
  return {
    type: 'socket',
    address,
    server,
    wait: server && (wish.wait ?? wish.waits),
    telnet: wish.telnet ?? false,
    ...(wish.websocket === true && { websocket: true }),
    ...(tlsCreds !== undefined && { tls: { creds: tlsCreds, authz: tlsAuthz, problem } }),
    // A number of 64 bits with its sign: one below 0 is none.
    reconnect: Number(BigInt.asIntN(64, BigInt(reconnect ?? 0))),
    clients: wish.clients,
  }
}

function problemOf(wish: SocketWish): ChardevError | undefined {
  const { address, server, reconnect, wait, tlsCreds, tlsAuthz } = wish
  if (address.type === 'fd' && reconnect !== undefined)
    return wrong("'reconnect' option is incompatible with 'fd' address type")
  if (tlsCreds !== undefined && (address.type === 'unix' || (address.type === 'fd' && !server)))
    return wrong(`'tls_creds' option is incompatible with '${address.type}' address type`)
  if (tlsCreds === undefined && tlsAuthz !== undefined) return wrong("'tls_authz' option requires 'tls_creds' option")
  if (server && reconnect !== undefined)
    return wrong("'reconnect' option is incompatible with socket in server listen mode")
  if (!server && wish.websocket === true) return wrong('Websocket client is not implemented')
  if (!server && wait !== undefined) return wrong("'wait' option is incompatible with socket in client connect mode")
  for (const name of ['tn3270', 'abstract'] as const)
    if (wish[name] === true) return new ChardevError('unsupported', `chardev: vmon has no '${name}' sockets`)
  return undefined
}

function wrong(text: string): ChardevError {
  return new ChardevError('option', text)
}
