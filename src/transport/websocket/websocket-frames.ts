/** Frames of WebSocket (RFC 6455), as a server reads and writes them. */

const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
const final = 0x80
const reserved = 0x70
const masked = 0x80
/** No client of VNC's has more to say at once. */
const longest = 1 << 24
const longestControl = 125

export type FrameEvent = { readonly type: 'data' | 'ping'; readonly bytes: Uint8Array } | { readonly type: 'close' }

/** A client that breaks the protocol. */
export class WebsocketError extends Error {
  override readonly name = 'WebsocketError'
  readonly kind = 'protocol'
}

export function binaryFrame(bytes: Uint8Array): Uint8Array {
  return frame(Opcode.binary, bytes)
}

export function pongFrame(bytes: Uint8Array): Uint8Array {
  return frame(Opcode.pong, bytes)
}

/** An end by agreement. */
export const closeFrame: Uint8Array = Uint8Array.of(final | Opcode.close, 2, 0x03, 0xe8)

function frame(opcode: number, bytes: Uint8Array): Uint8Array {
  const { length } = bytes
  const head =
    length < 126
      ? [length]
      : length < 1 << 16
        ? [126, length >> 8, length & 0xff]
        : [127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff]
  return Buffer.concat([Uint8Array.of(final | opcode, ...head), bytes])
}

/** Reads what a client sends, in pieces of any size. */
export class FrameReader {
  #pending: Uint8Array = new Uint8Array(0)

  /** @throws {WebsocketError} if these are no frames of a client's */
  read(chunk: Uint8Array): FrameEvent[] {
    const events: FrameEvent[] = []
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    for (;;) {
      const head = headOf(this.#pending)
      if (head === undefined || this.#pending.length < head.end) return events
      const { opcode, start, end, mask } = head
      const bytes = Uint8Array.from(this.#pending.subarray(start, end))
      for (let index = 0; index < bytes.length; index++) bytes[index] = bytes[index]! ^ mask[index & 3]!
      this.#pending = this.#pending.subarray(end)
      if (opcode === Opcode.ping) events.push({ type: 'ping', bytes })
      else if (opcode === Opcode.close) events.push({ type: 'close' })
      else if (opcode !== Opcode.pong) events.push({ type: 'data', bytes })
    }
  }
}

interface Head {
  readonly opcode: number
  readonly start: number
  readonly end: number
  readonly mask: Uint8Array
}

/** What stands in front of a frame; undefined if not all of it is here. */
function headOf(bytes: Uint8Array): Head | undefined {
  if (bytes.length < 2) return undefined
  const [first, second] = bytes as unknown as [number, number]
  const opcode = first & 0x0f
  if ((first & reserved) !== 0) throw new WebsocketError('a frame has flags that were not agreed upon')
  if (opcode !== Opcode.continuation && opcode !== Opcode.binary && opcode < Opcode.close)
    throw new WebsocketError(`frames of kind ${opcode} are not taken: only binary ones are`)
  if (opcode > Opcode.pong) throw new WebsocketError(`there are no frames of kind ${opcode}`)
  if ((second & masked) === 0) throw new WebsocketError('clients have to mask their frames')
  const short = second & ~masked
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
  if (opcode >= Opcode.close && (short > longestControl || (first & final) === 0))
    throw new WebsocketError('a control frame is too long, or in pieces')
  const start = 2 + lengthBytes + 4
  if (bytes.length < start) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, start)
  const length = lengthBytes === 0 ? short : lengthBytes === 2 ? view.getUint16(2) : Number(view.getBigUint64(2))
  if (length > longest) throw new WebsocketError(`a frame of ${length} bytes is too long`)
  return { opcode, start, end: start + length, mask: bytes.subarray(start - 4, start) }
}
