import { createHash } from 'node:crypto'

/** What a server appends to a client's key (RFC 6455, 1.3). */
const suffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const protocol = 'binary'
/** A request is not longer than this, in bytes. */
export const longestRequest = 4096

export interface Upgrade {
  /** What the client is answered. */
  readonly response: string
  readonly accepted: boolean
}

/**
 * Answers the request by which a browser begins.
 *
 * @param head - the request, without the empty line at its end
 */
export function upgradeOf(head: string): Upgrade {
  const [first = '', ...lines] = head.split('\r\n')
  const fields = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const words = (name: string): string[] => (fields.get(name) ?? '').split(',').map((word) => word.trim().toLowerCase())
  const key = fields.get('sec-websocket-key') ?? ''
  const fits =
    /^GET \S+ HTTP\/1\.1$/.test(first) &&
    fields.has('host') &&
    words('connection').includes('upgrade') &&
    words('upgrade').includes('websocket') &&
    fields.get('sec-websocket-version') === '13' &&
    /^[A-Za-z0-9+/]{22}==$/.test(key) &&
    (!fields.has('sec-websocket-protocol') || words('sec-websocket-protocol').includes(protocol))
  if (!fits)
    return {
      accepted: false,
      response: 'HTTP/1.1 400 Bad Request\r\nServer: vmon\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\n\r\n',
    }
  const accept = createHash('sha1').update(`${key}${suffix}`).digest('base64')
  const chosen = fields.has('sec-websocket-protocol') ? `Sec-WebSocket-Protocol: ${protocol}\r\n` : ''
  return {
    accepted: true,
    response: `HTTP/1.1 101 Switching Protocols\r\nServer: vmon\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${chosen}\r\n`,
  }
}
