import { deadline } from '../async/index.ts'
import { type Duplex, type SecureStream, WebsocketDuplex } from '../transport/index.ts'
import type { SocketBackend } from './options.ts'
import { telnetStream } from './telnet-stream.ts'

/** How long somebody who has connected may take to agree with us on how to speak, in milliseconds. */
const patience = 30_000

/** Secures a stream. @throws {TransportError} `tls` */
export type Secure = (plain: Duplex) => Promise<SecureStream>

/** Finds what streams are secured with. @throws {TransportError} `tls`, in QEMU's words, if it is not there */
export interface SecuringObjects {
  securingServer(id: string, authz?: string): Secure
  securingClient(id: string, hostname?: string): Secure
}

/**
 * What has to be agreed on before a connection is the front end's: TLS, a WebSocket, the ways of telnet.
 *
 * @returns undefined if there was no agreement; the connection is closed then
 */
export async function entered(
  connection: Duplex,
  { server, telnet, websocket }: Pick<SocketBackend, 'server' | 'telnet' | 'websocket'>,
  secure: Secure | undefined,
): Promise<Duplex | undefined> {
  const { signal, clear } = deadline(patience)
  const giveUp = (): void => connection.destroy()
  signal.addEventListener('abort', giveUp)
  try {
    const stream = secure === undefined ? connection : (await secure(connection)).stream
    const inside = websocket === true ? new WebsocketDuplex(stream) : stream
    if (inside instanceof WebsocketDuplex && !(await inside.opened())) return undefined
    return telnet && server ? telnetStream(inside) : inside
  } catch (error) {
    if (error instanceof Error && 'kind' in error) return undefined
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
    clear()
  }
}
