import type { Message } from './message.ts'
import { ClientMessageType as Type } from './numbers.ts'
import { SpiceError } from './spice-error.ts'

/** What a client says on whichever channel. */
export type CommonMessage = { readonly type: 'ackSync' } | { readonly type: 'ack' } | { readonly type: 'disconnecting' }

export type MainMessage =
  | CommonMessage
  | { readonly type: 'attachChannels' }
  | { readonly type: 'mouseMode'; readonly mode: number }

export type DisplayMessage =
  | CommonMessage
  /** The client is ready to be shown something. */
  | { readonly type: 'init' }

export type InputsMessage =
  | CommonMessage
  /** Scan codes of set 1, as the keyboard would send them. */
  | { readonly type: 'scancodes'; readonly bytes: Uint8Array }
  /** How the locks are to be: bits as those of lamps. */
  | { readonly type: 'modifiers'; readonly locks: number }
  /** `buttons`: bit 0 is the left one. */
  | { readonly type: 'motion'; readonly x: number; readonly y: number; readonly buttons: number }
  | { readonly type: 'position'; readonly x: number; readonly y: number; readonly buttons: number }
  /** A button has gone down, or up, one of `MouseButton`. */
  | { readonly type: 'press' | 'release'; readonly button: number; readonly buttons: number }

/** @returns undefined for what nobody here wants to know. @throws {SpiceError} if it is too short */
export function readCommon({ type }: Message): CommonMessage | undefined {
  if (type === Type.ackSync) return { type: 'ackSync' }
  if (type === Type.ack) return { type: 'ack' }
  return type === Type.disconnecting ? { type: 'disconnecting' } : undefined
}

/** As `readCommon()`, on the main channel. */
export function readMain(message: Message): MainMessage | undefined {
  switch (message.type) {
    case Type.main.attachChannels:
      return { type: 'attachChannels' }
    case Type.main.mouseModeRequest:
      return { type: 'mouseMode', mode: whole(message, 2).getUint16(0, true) }
    default:
      return readCommon(message)
  }
}

/** As `readCommon()`, on the display channel. */
export function readDisplay(message: Message): DisplayMessage | undefined {
  return message.type === Type.display.init ? { type: 'init' } : readCommon(message)
}

/** As `readCommon()`, on the inputs channel. */
export function readInputs(message: Message): InputsMessage | undefined {
  const { inputs } = Type
  switch (message.type) {
    case inputs.keyDown:
    case inputs.keyUp:
      return { type: 'scancodes', bytes: untilZero(whole(message, 4)) }
    case inputs.scancode: {
      const { buffer, byteOffset, byteLength } = message.body
      return { type: 'scancodes', bytes: new Uint8Array(buffer, byteOffset, byteLength) }
    }
    case inputs.modifiers:
      return { type: 'modifiers', locks: whole(message, 2).getUint16(0, true) }
    case inputs.motion:
    case inputs.position: {
      const body = whole(message, 10)
      const [x, y] = [body.getInt32(0, true), body.getInt32(4, true)]
      const buttons = body.getUint16(8, true)
      return { type: message.type === inputs.motion ? 'motion' : 'position', x, y, buttons }
    }
    case inputs.press:
    case inputs.release: {
      const body = whole(message, 3)
      const type = message.type === inputs.press ? 'press' : 'release'
      return { type, button: body.getUint8(0), buttons: body.getUint16(1, true) }
    }
    default:
      return readCommon(message)
  }
}

/** Keys are told as up to four bytes, the first one lowest. */
function untilZero(body: DataView): Uint8Array {
  const bytes = [0, 1, 2, 3].map((at) => body.getUint8(at))
  const end = bytes.indexOf(0)
  return Uint8Array.from(end < 0 ? bytes : bytes.slice(0, end))
}

function whole({ type, body }: Message, bytes: number): DataView {
  if (body.byteLength < bytes) throw new SpiceError(`message ${type} has ${body.byteLength} bytes`)
  return body
}
