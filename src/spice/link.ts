import type { ByteInbox } from '../bytes/index.ts'
import { LittleEndianWriter } from './little-endian.ts'
import { CommonCapability, LinkError, type LinkErrorNumber, magic, ticketKeyBytes, version } from './numbers.ts'
import { SpiceError } from './spice-error.ts'

/** What a client wants when it connects. */
export interface LinkRequest {
  /** Of the session that the channel belongs to; 0 for a new one. */
  readonly connectionId: number
  readonly channelType: number
  readonly channelId: number
  /** Bits of what the client understands of every channel, and of this one. */
  readonly commonCapabilities: number
  readonly channelCapabilities: number
}

/** A link that cannot be, and what the client is told of it. */
export class LinkFailure extends SpiceError {
  readonly number: LinkErrorNumber

  constructor(number: LinkErrorNumber, text: string) {
    super(text)
    this.number = number
  }
}

const headerBytes = 16
const requestBytes = 18
const longestRequest = 4096
const replyBytes = 4 + ticketKeyBytes + 12

/**
 * Reads how a client opens a link.
 *
 * @throws {LinkFailure} if it is none
 * @throws the reason of the end, if the client is gone
 */
export async function readLinkRequest(inbox: ByteInbox): Promise<LinkRequest> {
  const header = viewOf(await inbox.read(headerBytes))
  const said = String.fromCharCode(...Array.from({ length: 4 }, (_, at) => header.getUint8(at)))
  if (said !== magic) throw new LinkFailure(LinkError.invalidMagic, 'the client does not speak SPICE')
  const major = header.getUint32(4, true)
  if (major !== version.major) throw new LinkFailure(LinkError.versionMismatch, `the client speaks version ${major}`)
  const bytes = header.getUint32(12, true)
  if (bytes < requestBytes || bytes > longestRequest)
    throw new LinkFailure(LinkError.invalidData, `a request of ${bytes} bytes cannot be meant`)
  return requestIn(viewOf(await inbox.read(bytes)))
}

function requestIn(body: DataView): LinkRequest {
  const [common, channel, offset] = [6, 10, 14].map((at) => body.getUint32(at, true)) as [number, number, number]
  const words = common + channel
  if (words > 0 && (offset < requestBytes || offset + 4 * words > body.byteLength))
    throw new LinkFailure(LinkError.invalidData, 'the capabilities lie outside of the request')
  // Nothing that is understood here is in further words.
  const first = (count: number, at: number): number => (count > 0 ? body.getUint32(at, true) : 0)
  return {
    connectionId: body.getUint32(0, true),
    channelType: body.getUint8(4),
    channelId: body.getUint8(5),
    commonCapabilities: first(common, offset),
    channelCapabilities: first(channel, offset + 4 * common),
  }
}

/**
 * What a client is answered whose link can be.
 *
 * @param key - what it encrypts the ticket with (SubjectPublicKeyInfo in DER, of `ticketKeyBytes`)
 */
export function linkReply(key: Uint8Array, channelCapabilities: number): Uint8Array {
  const common = CommonCapability.authSelection | CommonCapability.authSpice | CommonCapability.miniHeader
  const capabilities = channelCapabilities === 0 ? [common] : [common, channelCapabilities]
  return headed(replyBytes + 4 * capabilities.length, (writer) =>
    writer
      .u32(LinkError.ok)
      .append(key)
      .u32(1, capabilities.length - 1, replyBytes)
      .u32(...capabilities),
  )
}

/** What a client is answered whose link cannot be. */
export function linkErrorReply(number: LinkErrorNumber): Uint8Array {
  return headed(replyBytes, (writer) => writer.u32(number))
}

/** What a client is told when its ticket has been looked at. */
export function linkResult(number: LinkErrorNumber): Uint8Array {
  return new LittleEndianWriter(4).u32(number).bytes
}

function headed(bytes: number, write: (writer: LittleEndianWriter) => LittleEndianWriter): Uint8Array {
  const writer = new LittleEndianWriter(headerBytes + bytes)
  return write(writer.append(new TextEncoder().encode(magic)).u32(version.major, version.minor, bytes)).bytes
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
