import { ByteWriter } from './byte-writer.ts'
import type { Area } from './client-message.ts'
import { Encoding } from './numbers.ts'
import { colourMap, type PixelFormat, printPixelFormat } from './pixel-format.ts'
import { printRectangleHeader } from './rectangle.ts'

/** What a server says once a client is served; rectangles follow where they are announced. */

const Type = { update: 0, colourMap: 1, continuousUpdatesEnd: 150, fence: 248, xvp: 250 } as const

const nowhere: Area = { x: 0, y: 0, width: 0, height: 0 }

/** What a picture is like, and what the machine is called. */
export function serverInit(
  { width, height }: { width: number; height: number },
  format: PixelFormat,
  name: string,
): Uint8Array {
  const text = new TextEncoder().encode(name)
  const out = new ByteWriter(24 + text.length).u16(width, height).append(printPixelFormat(format))
  return out.u32(text.length).append(text).written
}

/** Why a client is not served: a text behind its length. */
export function reasonMessage(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  return new ByteWriter(4 + bytes.length).u32(bytes.length).append(bytes).written
}

export function updateHeader(rectangles: number): Uint8Array {
  return new ByteWriter(4).u8(Type.update, 0).u16(rectangles).written
}

export function copyRectangle(area: Area, from: { readonly x: number; readonly y: number }): Uint8Array {
  return new ByteWriter(16).append(printRectangleHeader(area, Encoding.copyRect)).u16(from.x, from.y).written
}

export function desktopSize({ width, height }: { width: number; height: number }): Uint8Array {
  return printRectangleHeader({ x: 0, y: 0, width, height }, Encoding.desktopSize)
}

/** Why a size is told: it has changed; or in answer to a client that wants another. */
export const SizeReason = { server: 0, client: 1 } as const
export const SizeStatus = { ok: 0, invalid: 3 } as const

export function extendedDesktopSize(
  { width, height }: { width: number; height: number },
  reason: number = SizeReason.server,
  status: number = SizeStatus.ok,
): Uint8Array {
  const header = printRectangleHeader({ x: reason, y: status, width, height }, Encoding.extendedDesktopSize)
  // One screen, which is all of it.
  return new ByteWriter(32).append(header).u8(1, 0, 0, 0).u32(0).u16(0, 0, width, height).u32(0).written
}

/** Whether pointer messages tell places, or movements from the middle of 65536. */
export function pointerType(absolute: boolean, { width, height }: { width: number; height: number }): Uint8Array {
  return printRectangleHeader({ x: absolute ? 1 : 0, y: 0, width, height }, Encoding.pointerTypeChange)
}

/** Which lamps of the keyboard are lit: bits of `Led`. */
export function ledState(leds: number): Uint8Array {
  const header = printRectangleHeader({ ...nowhere, width: 1, height: 1 }, Encoding.ledState)
  return new ByteWriter(16).append(header).u8(leds).written
}

export function desktopName(name: string): Uint8Array {
  const header = printRectangleHeader(nowhere, Encoding.desktopName)
  return new ByteWriter(64).append(header).append(reasonMessage(name)).written
}

/** Says that messages of an extension are understood. */
export function acknowledgement(encoding: number, { width, height }: { width: number; height: number }): Uint8Array {
  return printRectangleHeader({ x: 0, y: 0, width, height }, encoding)
}

export function colourMapMessage(): Uint8Array {
  const colours = colourMap()
  const out = new ByteWriter(6 + 2 * colours.length).u8(Type.colourMap, 0).u16(0, colours.length / 3)
  return out.u16(...colours).written
}

export const continuousUpdatesEnd = Uint8Array.of(Type.continuousUpdatesEnd)

export function fenceMessage(flags: number, payload: Uint8Array): Uint8Array {
  const out = new ByteWriter(9 + payload.length).u8(Type.fence, 0, 0, 0).u32(flags).u8(payload.length)
  return out.append(payload).written
}

export function xvpMessage(code: number): Uint8Array {
  const version = 1
  return Uint8Array.of(Type.xvp, 0, version, code)
}
