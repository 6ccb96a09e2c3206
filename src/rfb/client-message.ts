import type { ByteInbox } from '../bytes/index.ts'
import { type PixelFormat, pixelFormatBytes, readPixelFormat } from './pixel-format.ts'
import { RfbError } from './rfb-error.ts'

export interface Area {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** What a client says once it is served. */
export type ClientMessage =
  | { readonly type: 'setPixelFormat'; readonly format: PixelFormat }
  | { readonly type: 'setEncodings'; readonly encodings: readonly number[] }
  | { readonly type: 'updateRequest'; readonly incremental: boolean; readonly area: Area }
  | { readonly type: 'key'; readonly down: boolean; readonly keysym: number; readonly keycode?: number }
  /** `buttons`: bit 0 is the left one. */
  | { readonly type: 'pointer'; readonly buttons: number; readonly x: number; readonly y: number }
  /** Text for the guest's clipboard, of which there is none: it has been let pass. */
  | { readonly type: 'cutText' }
  | { readonly type: 'continuousUpdates'; readonly enable: boolean; readonly area: Area }
  | { readonly type: 'fence'; readonly flags: number; readonly payload: Uint8Array }
  | { readonly type: 'xvp'; readonly version: number; readonly code: number }
  | { readonly type: 'setDesktopSize'; readonly width: number; readonly height: number }

/** More than this cannot be meant for a clipboard. */
const longestCutText = 1 << 20
const longestFence = 64
const extendedButtons = 0x80

type Reader = (inbox: ByteInbox) => Promise<ClientMessage>

/**
 * Reads the next message of a client.
 *
 * @throws {RfbError} if there is no such message, or it cannot be meant
 * @throws the reason of the end, if the client is gone
 */
export async function readClientMessage(inbox: ByteInbox): Promise<ClientMessage> {
  const [type] = await inbox.read(1)
  const reader = readers[type!]
  if (reader === undefined) throw new RfbError(`there is no message ${type}`)
  return reader(inbox)
}

const readers: Readonly<Record<number, Reader>> = {
  0: async (inbox) => {
    const bytes = await inbox.read(3 + pixelFormatBytes)
    return { type: 'setPixelFormat', format: readPixelFormat(bytes.subarray(3)) }
  },
  2: async (inbox) => {
    const count = viewOf(await inbox.read(3)).getUint16(1)
    const view = viewOf(await inbox.read(4 * count))
    return { type: 'setEncodings', encodings: Array.from({ length: count }, (_, index) => view.getInt32(4 * index)) }
  },
  3: async (inbox) => {
    const view = viewOf(await inbox.read(9))
    return { type: 'updateRequest', incremental: view.getUint8(0) !== 0, area: areaAt(view, 1) }
  },
  4: async (inbox) => {
    const view = viewOf(await inbox.read(7))
    return { type: 'key', down: view.getUint8(0) !== 0, keysym: view.getUint32(3) }
  },
  5: async (inbox) => {
    const view = viewOf(await inbox.read(5))
    const buttons = view.getUint8(0)
    return { type: 'pointer', buttons, x: view.getUint16(1), y: view.getUint16(3) }
  },
  6: async (inbox) => {
    // A negative length is that of an extended clipboard's message.
    const length = Math.abs(viewOf(await inbox.read(7)).getInt32(3))
    if (length > longestCutText) throw new RfbError(`a text of ${length} bytes is too long`)
    await inbox.skip(length)
    return { type: 'cutText' }
  },
  150: async (inbox) => {
    const view = viewOf(await inbox.read(9))
    return { type: 'continuousUpdates', enable: view.getUint8(0) !== 0, area: areaAt(view, 1) }
  },
  248: async (inbox) => {
    const view = viewOf(await inbox.read(8))
    const length = view.getUint8(7)
    if (length > longestFence) throw new RfbError(`a fence of ${length} bytes is too long`)
    return { type: 'fence', flags: view.getUint32(3), payload: (await inbox.read(length)).slice() }
  },
  250: async (inbox) => {
    const [, version, code] = (await inbox.read(3)) as unknown as [number, number, number]
    return { type: 'xvp', version, code }
  },
  251: async (inbox) => {
    const view = viewOf(await inbox.read(7))
    await inbox.skip(16 * view.getUint8(5))
    return { type: 'setDesktopSize', width: view.getUint16(1), height: view.getUint16(3) }
  },
  255: async (inbox) => {
    const [subtype] = await inbox.read(1)
    if (subtype !== 0) throw new RfbError(`there is no message 255, ${subtype}`)
    const view = viewOf(await inbox.read(10))
    return { type: 'key', down: view.getUint16(0) !== 0, keysym: view.getUint32(2), keycode: view.getUint32(6) }
  },
}

/**
 * Lets the pointer messages of a client that knows of more than eight buttons carry them: what follows is read if there
 * are any.
 */
export async function withFurtherButtons(
  message: Extract<ClientMessage, { type: 'pointer' }>,
  inbox: ByteInbox,
): Promise<Extract<ClientMessage, { type: 'pointer' }>> {
  if ((message.buttons & extendedButtons) === 0) return message
  const [further] = await inbox.read(1)
  return { ...message, buttons: (message.buttons & ~extendedButtons) | (further! << 7) }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

function areaAt(view: DataView, at: number): Area {
  const [x, y, width, height] = [0, 2, 4, 6].map((offset) => view.getUint16(at + offset)) as [
    number,
    number,
    number,
    number,
  ]
  return { x, y, width, height }
}
