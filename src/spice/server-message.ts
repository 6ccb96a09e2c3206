import { LittleEndianWriter, textBytes } from './little-endian.ts'
import { compressLz } from './lz.ts'
import { ServerMessage as Type } from './numbers.ts'

/** A message to a client: its type, and what it says. */
export interface OutMessage {
  readonly type: number
  readonly body: Uint8Array
}

/** A part of the picture. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface MouseModes {
  /** Bits of `MouseMode`. */
  readonly supported: number
  readonly current: number
}

/** Where a client is to go on. */
export interface OtherHost {
  readonly host: string
  /** 0 for none. */
  readonly port: number
  readonly tlsPort: number
  /** What the certificate there must be of. */
  readonly certSubject: string | undefined
}

const agentTokens = 10
const usualMemoryHint = 16 << 20
/** Of surfaces: red, green and blue in 32 bits; the first one is what is shown. */
const surface = { id: 0, format: 32, primary: 1 } as const
const bitmap = { plain: 0, lz: 101, format: 8, topDown: 4 } as const
const copyHeadBytes = 57
const imageHeadBytes = 18
const putOperation = 1 << 3

/** Asks the client to tell after every so many messages that they have arrived. */
export function setAck(generation: number, window: number): OutMessage {
  return message(Type.setAck, 8, (writer) => writer.u32(generation, window))
}

/**
 * The first message on a main channel.
 *
 * @param session - by which the client's other channels name this one
 * @param clock - milliseconds that only go on
 */
export function mainInit(session: number, { supported, current }: MouseModes, clock: number): OutMessage {
  const [displays, agent] = [1, 0]
  return message(Type.main.init, 32, (writer) =>
    writer.u32(session, displays, supported, current, agent, agentTokens, clock, usualMemoryHint),
  )
}

export function mouseModes({ supported, current }: MouseModes): OutMessage {
  return message(Type.main.mouseMode, 4, (writer) => writer.u16(supported, current))
}

/** @param types - of the channels that the client may open; there is one of each */
export function channelList(types: readonly number[]): OutMessage {
  return message(Type.main.channels, 4 + 2 * types.length, (writer) =>
    writer.u32(types.length).u8(...types.flatMap((type) => [type, 0])),
  )
}

export function machineName(name: string): OutMessage {
  const bytes = textBytes(name)
  return message(Type.main.name, 4 + bytes, (writer) => writer.u32(bytes).text(name))
}

/** @param uuid - its 16 bytes */
export function machineUuid(uuid: Uint8Array): OutMessage {
  return message(Type.main.uuid, 16, (writer) => writer.append(uuid.subarray(0, 16)))
}

/** The client is to go on elsewhere. */
export function switchHost({ host, port, tlsPort, certSubject }: OtherHost): OutMessage {
  const head = 20
  const [hostBytes, subjectBytes] = [textBytes(host), certSubject === undefined ? 0 : textBytes(certSubject)]
  return message(Type.main.switchHost, head + hostBytes + subjectBytes, (writer) => {
    writer
      .u16(port, tlsPort)
      .u32(hostBytes, head, subjectBytes, subjectBytes === 0 ? 0 : head + hostBytes)
      .text(host)
    return certSubject === undefined ? writer : writer.text(certSubject)
  })
}

export function invalidPalettes(): OutMessage {
  return message(Type.display.invalAllPalettes, 0, (writer) => writer)
}

/** The picture has this size now, and is black. */
export function surfaceCreate(width: number, height: number): OutMessage {
  return message(Type.display.surfaceCreate, 20, (writer) =>
    writer.u32(surface.id, width, height, surface.format, surface.primary),
  )
}

export function surfaceDestroy(): OutMessage {
  return message(Type.display.surfaceDestroy, 4, (writer) => writer.u32(surface.id))
}

/** There is one monitor, which shows all of the picture. */
export function monitorsConfig(width: number, height: number): OutMessage {
  return message(Type.display.monitorsConfig, 32, (writer) =>
    writer.u16(1, 1).u32(0, surface.id, width, height, 0, 0, 0),
  )
}

/** What was drawn before this may be shown. */
export function mark(): OutMessage {
  return message(Type.display.mark, 0, (writer) => writer)
}

/** A part of the picture is what stood at another place of it before. */
export function copyBits(box: Box, from: { readonly x: number; readonly y: number }): OutMessage {
  return message(Type.display.copyBits, 29, (writer) => drawn(writer, box).u32(from.x, from.y))
}

/**
 * A part of the picture, as it is now.
 *
 * @param id - of the image: each has another
 * @param pixels - 0xRRGGBB, in rows from the top
 * @param compressed - by LZ
 */
export function drawCopy(box: Box, id: number, pixels: Uint32Array, compressed: boolean): OutMessage {
  const { width, height } = box
  const data = compressed ? compressLz(width, height, pixels) : rawPixels(pixels)
  const own = compressed ? 4 : 18
  return message(Type.display.drawCopy, copyHeadBytes + imageHeadBytes + own + data.length, (writer) => {
    drawn(writer, box)
    writer.u32(copyHeadBytes, 0, 0, height, width).u16(putOperation)
    // No scaling, and no mask: its flags, its place, its image.
    writer.u8(0).u8(0).u32(0, 0, 0)
    writer
      .u32(id, 0)
      .u8(compressed ? bitmap.lz : bitmap.plain, 0)
      .u32(width, height)
    if (compressed) writer.u32(data.length)
    else writer.u8(bitmap.format, bitmap.topDown).u32(width, height, 4 * width, 0)
    return writer.append(data)
  })
}

/** @param lamps - bits of those that are lit */
export function inputsInit(lamps: number): OutMessage {
  return message(Type.inputs.init, 2, (writer) => writer.u16(lamps))
}

export function inputsModifiers(lamps: number): OutMessage {
  return message(Type.inputs.modifiers, 2, (writer) => writer.u16(lamps))
}

export function motionAck(): OutMessage {
  return message(Type.inputs.motionAck, 0, (writer) => writer)
}

/** The guest draws its pointer itself. */
export function cursorInit(): OutMessage {
  const [visible, noShape] = [1, 1]
  return message(Type.cursor.init, 11, (writer) => writer.u16(0, 0, 0, 0).u8(visible).u16(noShape))
}

/** What every drawing begins with: where; nothing is cut off. */
function drawn(writer: LittleEndianWriter, { x, y, width, height }: Box): LittleEndianWriter {
  return writer.u32(surface.id, y, x, y + height, x + width).u8(0)
}

function rawPixels(pixels: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(4 * pixels.length)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < pixels.length; index++) view.setUint32(4 * index, pixels[index]!, true)
  return bytes
}

function message(type: number, bytes: number, write: (writer: LittleEndianWriter) => LittleEndianWriter): OutMessage {
  return { type, body: write(new LittleEndianWriter(bytes)).bytes }
}
