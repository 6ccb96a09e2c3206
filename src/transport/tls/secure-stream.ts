import type { TLSSocket, TlsOptions } from 'node:tls'
import { setImmediate } from '../../timers/index.ts'
import type { Duplex } from '../duplex.ts'
import { SocketWire } from '../socket-wire.ts'
import { TransportError } from '../transport-error.ts'
import { WireDuplex } from '../wire-duplex.ts'
import { handshakeFailure } from './handshake-failure.ts'
import { checkedPeer, type PeerWish } from './peer-check.ts'
import { PlainStream } from './plain-stream.ts'
import { contextOptions, type TlsCredentials } from './tls-credentials.ts'

/** A stream that others cannot read. */
export interface SecureStream {
  /** Not started yet; the plain stream is its own from now on. */
  readonly stream: Duplex
  /** The name in the certificate of the other side, if that was looked at. */
  readonly peerName: string | undefined
}

/**
 * Speaks TLS over a stream that has not been started, or may be started again.
 *
 * @param options - `apart`: what is written by one call to the stream goes in a record of its own
 * @throws {TransportError} `tls`, in QEMU's words, if the two sides cannot agree, or the other side is not who it should
 *   be; the plain stream is destroyed then
 */
export async function secured(
  plain: Duplex,
  credentials: TlsCredentials,
  wish: PeerWish = {},
  { apart = false }: { readonly apart?: boolean } = {},
): Promise<SecureStream> {
  const under = new PlainStream(plain)
  try {
    const socket = await (credentials.endpoint === 'server' ? accept : connect)(under, credentials)
    socket.on('error', () => undefined)
    const looks = credentials.material.kind === 'x509' && credentials.verifyPeer
    const peerName = looks ? checkedPeer(socket, credentials.endpoint, wish) : undefined
    const { kind, local, remote } = plain
    return { stream: new WireDuplex(new SocketWire(socket), { kind, local, remote, apart }), peerName }
  } catch (error) {
    under.on('error', () => undefined).destroy()
    plain.destroy()
    throw handshakeFailure(error as Error)
  }
}

async function accept(under: PlainStream, credentials: TlsCredentials): Promise<TLSSocket> {
  const { Server } = await import('node:tls')
  const { material } = credentials
  const options: TlsOptions = {
    ...contextOptions(credentials),
    requestCert: material.kind === 'x509' && credentials.verifyPeer,
    rejectUnauthorized: false,
    // Who serves has a time of its own for clients that say nothing.
    handshakeTimeout: 0x7fff_ffff,
    ...(material.kind === 'psk' && {
      pskCallback: (_socket: unknown, name: string) => material.keys.get(name) ?? null,
    }),
  }
  const server = new Server(options)
  return new Promise((resolve, reject) => {
    server.on('secureConnection', resolve).on('tlsClientError', reject)
    whenOver(under, () => reject(terminated()))
    server.emit('connection', under)
  })
}

async function connect(under: PlainStream, credentials: TlsCredentials): Promise<TLSSocket> {
  const { connect: begin } = await import('node:tls')
  const { material } = credentials
  return new Promise((resolve, reject) => {
    const socket = begin({
      ...contextOptions(credentials),
      socket: under,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(material.kind === 'psk' && {
        pskCallback: () => ({ psk: material.keys.get(material.username)!, identity: material.username }),
      }),
    })
    socket.once('secureConnect', () => resolve(socket)).once('error', reject)
    whenOver(under, () => reject(terminated()))
  })
}

/** The other side has ended the stream, or it has broken. */
function whenOver(under: PlainStream, over: () => void): void {
  // What came before the end is dealt with first.
  under
    .on('error', over)
    .on('close', over)
    .on('end', () => setImmediate(over))
}

function terminated(): TransportError {
  return new TransportError('tls', 'TLS handshake failed: The TLS connection was non-properly terminated.')
}
