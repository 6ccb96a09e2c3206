import { type Duplex, memoryPair } from '../../src/transport/index.ts'
import { binaryFrame } from '../../src/transport/websocket/websocket-frames.ts'

/** The example of RFC 6455, 1.2. */
export const requestLines = [
  ...['GET /chat HTTP/1.1', 'Host: server.example.com', 'Upgrade: websocket', 'Connection: Upgrade'],
  ...[
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: chat, binary',
    'Sec-WebSocket-Version: 13',
  ],
]

/** A frame of a client's. */
export function masked(opcode: number, bytes: Uint8Array): Uint8Array {
  const frame = Buffer.from(binaryFrame(bytes))
  frame[0] = 0x80 | opcode
  frame[1] = frame[1]! | 0x80
  const start = frame.length - bytes.length
  const mask = Uint8Array.of(0x12, 0x34, 0x56, 0x78)
  return Buffer.concat([frame.subarray(0, start), mask, bytes.map((byte, index) => byte ^ mask[index & 3]!)])
}

/** What a browser does around a stream. */
export class Browser {
  readonly stream: Duplex
  readonly #outside: Duplex
  readonly opened: Promise<string>

  constructor(outside: Duplex) {
    const [inner, theirs] = memoryPair()
    this.stream = theirs
    this.#outside = outside
    let head: Buffer | undefined = Buffer.alloc(0)
    let pending = Buffer.alloc(0)
    const unwrap = (chunk: Uint8Array): void => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 2) {
        const short = pending[1]!
        const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
        if (pending.length < 2 + lengthBytes) return
        const length =
          lengthBytes === 0 ? short : lengthBytes === 2 ? pending.readUInt16BE(2) : Number(pending.readBigUInt64BE(2))
        const end = 2 + lengthBytes + length
        if (pending.length < end) return
        if (pending[0] === 0x82) inner.write(pending.subarray(2 + lengthBytes, end))
        pending = pending.subarray(end)
      }
    }
    this.opened = new Promise((resolve) => {
      outside.start({
        data: (chunk) => {
          if (head === undefined) return unwrap(chunk)
          head = Buffer.concat([head, chunk])
          const end = head.indexOf('\r\n\r\n')
          if (end < 0) return
          resolve(head.toString('latin1', 0, end))
          const rest = head.subarray(end + 4)
          head = undefined
          unwrap(rest)
        },
      })
    })
    inner.start({ data: (chunk) => void outside.write(masked(2, chunk)) })
  }

  open(): void {
    this.#outside.write(`${requestLines.join('\r\n')}\r\n\r\n`)
  }
}
