import type { ByteInbox } from '../bytes/index.ts'
import { LittleEndianWriter } from './little-endian.ts'
import { SpiceError } from './spice-error.ts'

/** A message, and what it says. */
export interface Message {
  readonly type: number
  readonly body: DataView
}

/** What nobody here takes is longer only if it is meant to harm. */
const longestMessage = 1 << 16

/**
 * The next message of a client.
 *
 * @param mini - messages have the short header, as was agreed on
 * @throws {SpiceError} if it is too long
 * @throws the reason of the end, if the client is gone
 */
export async function readMessage(inbox: ByteInbox, mini: boolean): Promise<Message> {
  const header = viewOf(await inbox.read(mini ? 6 : 18))
  // The long header begins with a number of the message and ends with where messages inside it are.
  const [type, bytes] = mini
    ? [header.getUint16(0, true), header.getUint32(2, true)]
    : [header.getUint16(8, true), header.getUint32(10, true)]
  if (bytes > longestMessage) throw new SpiceError(`a message of ${bytes} bytes is too long`)
  return { type, body: viewOf(await inbox.read(bytes)) }
}

/** Puts headers before messages of one channel. */
export class MessagePrinter {
  readonly #mini: boolean
  #serial = 0

  constructor(mini: boolean) {
    this.#mini = mini
  }

  print(type: number, body: Uint8Array): Uint8Array {
    this.#serial++
    const writer = this.#mini
      ? new LittleEndianWriter(6 + body.length)
      : new LittleEndianWriter(18 + body.length).u32(this.#serial, 0)
    writer.u16(type).u32(body.length)
    if (!this.#mini) writer.u32(0)
    return writer.append(body).bytes
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
