import { fstatSync, readFileSync } from 'node:fs'
import { type AddressInfo, Socket, type SocketConstructorOpts } from 'node:net'
import { reasonText } from '../errno/index.ts'
import type { Address, Duplex, Listener, ListenOptions } from './duplex.ts'
import { inetAddress } from './inet-address.ts'
import { MessageWire } from './message-wire.ts'
import { SocketListener, socketServer } from './socket-listener.ts'
import { SocketWire } from './socket-wire.ts'
import { TransportError } from './transport-error.ts'
import { WireDuplex } from './wire-duplex.ts'

/**
 * Accepts from a socket that a parent process has bound, and perhaps set to listening already; the descriptor is the
 * listener's from then on.
 *
 * @throws {TransportError} `invalid`, if the descriptor is no socket; `listen`, if it cannot listen
 */
export async function listenFd(fd: number, options: ListenOptions): Promise<Listener> {
  options.signal?.throwIfAborted()
  checkSocket(fd)
  const server = socketServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ fd }, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    throw new TransportError('listen', `Failed to listen on fd socket: ${reasonText(error)}`, error)
  }
  const bound = server.address()
  const address = typeof bound === 'object' && bound !== null ? inetAddress(bound.address, bound.port) : fdAddress(fd)
  const listener = new SocketListener(address, [server], { ...options, wrap: inheritedStream })
  if (options.signal?.aborted === true) await listener.close()
  options.signal?.throwIfAborted()
  return listener
}

/**
 * Takes over a connected socket that a parent process has opened (one end of a socket pair, for one).
 *
 * @throws {TransportError} `invalid`, if the descriptor is no socket
 */
export function openFd(fd: number): Duplex {
  checkSocket(fd)
  // Without the last option, which Node uses for accepted sockets, it would begin to read at once.
  const options: SocketConstructorOpts & { pauseOnCreate: boolean } = { fd, allowHalfOpen: true, pauseOnCreate: true }
  return inheritedStream(new Socket(options))
}

function inheritedStream(socket: Socket): Duplex {
  const own = socket.address()
  if (!('port' in own) || own.port === undefined) return new WireDuplex(new MessageWire(socket), { kind: 'fd' })
  const { address, port } = own as AddressInfo
  return new WireDuplex(new SocketWire(socket), {
    kind: 'fd',
    local: inetAddress(address, port),
    remote: inetAddress(socket.remoteAddress, socket.remotePort),
  })
}

/** Whether a number is that of a socket. */
export function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket()
  } catch {
    return false // nothing is open there
  }
}

function checkSocket(fd: number): void {
  if (!isSocket(fd)) throw new TransportError('invalid', `File descriptor '${fd}' is not a socket`)
}

/** The path that a unix socket is bound to, which Node does not tell of a socket that it did not bind. */
function fdAddress(fd: number): Address {
  const path = unixPath(fd)
  return path === undefined ? { type: 'fd', fd } : { type: 'unix', path }
}

function unixPath(fd: number): string | undefined {
  let table: string
  try {
    table = readFileSync('/proc/net/unix', 'utf8')
  } catch {
    return undefined // not on this system
  }
  // Seven columns (the last is the inode), and the path, which may hold spaces, if there is one.
  const line = table.split('\n').find((each) => each.split(/ +/, 7)[6] === String(fstatSync(fd).ino))
  return line === undefined ? undefined : /^(?:\S+ +){7}(.+)$/.exec(line)?.[1]
}
