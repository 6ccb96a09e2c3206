import { clientOption, options as haggling } from '../../../nbd/index.ts'
import {
  connectTo,
  type Duplex,
  restartable,
  type SecureStream,
  type SocketAddress,
  TransportError,
} from '../../../transport/index.ts'
import { BlockError } from '../../block-error.ts'
import { LinkLost } from './failures.ts'
import { type Greeted, greet, startTls } from './handshake.ts'
import { Incoming } from './incoming.ts'

/** Where a server is, and how it is spoken to. */
export interface NbdServerPlace {
  readonly server: SocketAddress
  /** Speaks TLS over a stream from now on. */
  readonly secure?: ((plain: Duplex) => Promise<SecureStream>) | undefined
}

/**
 * Connects to a server, by TLS if that is wanted, and agrees with it.
 *
 * @param agree - the haggling
 * @throws {BlockError} in QEMU's words @throws {TransportError} @throws {LinkLost}
 */
export async function meet<T>(
  { server, secure }: NbdServerPlace,
  agree: (incoming: Incoming, greeted: Greeted) => Promise<T>,
  signal?: AbortSignal,
): Promise<{ incoming: Incoming; agreed: T }> {
  const outside = await connectTo(server, signal === undefined ? {} : { signal })
  let stream = secure === undefined ? outside : restartable(outside)
  let incoming = new Incoming(stream)
  try {
    const greeted = await greet(incoming)
    if (secure !== undefined) {
      await startTls(incoming, greeted)
      stream = (await secure(stream)).stream
      incoming = new Incoming(stream)
    }
    return { incoming, agreed: await agree(incoming, greeted) }
  } catch (error) {
    // A server that waits for the next option is told that there is none.
    if (incoming.lost === undefined) stream.write(clientOption(haggling.abort))
    void stream.close()
    throw error
  }
}

/** An error of `meet()` as users read it. */
export function told(error: unknown): unknown {
  if (error instanceof LinkLost) return new BlockError('io', error.message, { code: 'EIO' }, { cause: error })
  if (error instanceof TransportError) {
    const { message, hint } = error
    return new BlockError('io', message, hint === undefined ? {} : { hint }, { cause: error })
  }
  return error
}
