import { Socket } from 'node:net'
import { reasonText } from '../errno/index.ts'
import { connected } from './connecting.ts'
import type { Address, Duplex, Listener, ListenOptions } from './duplex.ts'
import { MessageWire } from './message-wire.ts'
import { checkSocketPath, SocketFile } from './socket-file.ts'
import { SocketListener, socketServer } from './socket-listener.ts'
import { TransportError } from './transport-error.ts'
import { WireDuplex } from './wire-duplex.ts'

/**
 * Listens on a unix socket. Its file is for the owner alone (0600) and goes with the listener, or with the process.
 *
 * A file left behind by a dead process is replaced, one in use is not.
 *
 * @throws {TransportError} `invalid`, if the path has more than 107 bytes; `listen`, if it cannot be had
 */
export async function listenUnix(path: string, options: ListenOptions): Promise<Listener> {
  options.signal?.throwIfAborted()
  const address: Address = { type: 'unix', path }
  const server = socketServer()
  const file = await SocketFile.listen(server, path)
  const wrap = (socket: Socket): Duplex => unixStream(socket, { local: address })
  const listener = new SocketListener(address, [server], { ...options, wrap }, () => file.release(server))
  if (options.signal?.aborted === true) await listener.close()
  options.signal?.throwIfAborted()
  return listener
}

/**
 * Connects to a unix socket.
 *
 * @throws {TransportError} `invalid`, if the path has more than 107 bytes; `connect`, if nobody answers there
 */
export async function connectUnix(path: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Duplex> {
  checkSocketPath(path)
  const socket = new Socket({ allowHalfOpen: true })
  socket.pause()
  socket.connect(path)
  try {
    await connected(socket, signal)
  } catch (error) {
    if (signal?.aborted === true) throw error
    throw new TransportError('connect', `Failed to connect to '${path}': ${reasonText(error)}`, error)
  }
  return unixStream(socket, { remote: { type: 'unix', path } })
}

function unixStream(socket: Socket, addresses: { local?: Address; remote?: Address }): Duplex {
  return new WireDuplex(new MessageWire(socket), { kind: 'unix', ...addresses })
}
