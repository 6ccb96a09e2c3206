/** Connects to a server under test. */
import { connect } from 'node:net'
import { connectUnix } from '../../src/transport/index.ts'

/** The least that the runner needs of a connection. */
export interface Wire {
  write(bytes: Uint8Array, descriptors?: readonly number[]): void
  /** Says that nothing more comes. */
  end(): void
  destroy(): void
}

export interface WireSink {
  data(chunk: Uint8Array): void
  closed(): void
}

/**
 * Connects to a socket file or `host:port`. Node's own sockets do, so that the oracle does not lean on what it judges;
 * only where descriptors are passed, which Node cannot do, it takes our transport.
 */
export async function dial(address: string, passesDescriptors: boolean, sink: WireSink): Promise<Wire> {
  if (passesDescriptors) {
    const duplex = await connectUnix(address)
    duplex.start({ data: (chunk) => sink.data(chunk), closed: () => sink.closed() })
    return duplex
  }
  const colon = address.lastIndexOf(':')
  const socket =
    colon < 0 ? connect(address) : connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve())
    socket.once('error', reject)
  })
  // A server that exits with unread input resets the connection; to the client that is an end like any other.
  socket.on('error', () => {})
  socket.on('data', (chunk) => sink.data(chunk))
  socket.on('close', () => sink.closed())
  return {
    write: (bytes) => void socket.write(bytes),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  }
}
