import type { TLSSocket, TlsOptions } from 'node:tls'
import { setImmediate } from '../../timers/index.ts'
import type { Duplex } from '../duplex.ts'
import { SocketWire } from '../socket-wire.ts'
import { TransportError } from '../transport-error.ts'
import { WireDuplex } from '../wire-duplex.ts'
import { handshakeFailure } from './handshake-failure.ts'
import { checkedPeer, type PeerWish } from './peer-check.ts'
import type { PlainStream } from './plain-stream.ts'
import { contextOptions, type TlsCredentials } from './tls-credentials.ts'

/** A stream that others cannot read. */
export interface SecureStream {
  /** Not started yet; the plain stream is its own from now on. */
  readonly stream: Duplex
  /** The name in the certificate of the other side, if that was looked at. */
  readonly peerName: string | undefined
}

export interface RecordOptions {
  /** What is written by one call to the stream goes in a record of its own. */
  readonly apart?: boolean
  /** A server that says the first word once the two sides agree, to clients that wait for it with the socket alone. */
  readonly speaksFirst?: boolean
}

/**
 * Speaks TLS over a stream that has not been started, or may be started again.
 *
 * @param options - how records go
 * @throws {TransportError} `tls`, in QEMU's words, if the two sides cannot agree, or the other side is not who it should
 *   be; the plain stream is destroyed then
 */
export async function secured(
  plain: Duplex,
  credentials: TlsCredentials,
  wish: PeerWish = {},
  { apart = false, speaksFirst = false }: RecordOptions = {},
): Promise<SecureStream> {
  const streams = await import('./plain-stream.ts') // Node's streams take long to load
  const under = new streams.PlainStream(plain)
  try {
    const spoken = speaksFirst ? withoutLateTickets(credentials) : credentials
    const socket = await (credentials.endpoint === 'server' ? accept : connect)(under, spoken)
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

/**
 * With TLS 1.3 Node's servers send tickets behind the handshake. TigerVNC 1.12 takes them for the whole of what has come,
 * and waits for ever where the first word came with them. QEMU sends none, which Node has no option for; with TLS 1.2 the
 * tickets are within the handshake.
 */
function withoutLateTickets(credentials: TlsCredentials): TlsCredentials {
  const { versions } = credentials
  const last = versions.maxVersion ?? 'TLSv1.3'
  if (versions.minVersion === 'TLSv1.3' || last !== 'TLSv1.3') return credentials
  return { ...credentials, versions: { ...versions, maxVersion: 'TLSv1.2' } }
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
