import { createHash, timingSafeEqual } from 'node:crypto'
import type { ByteInbox } from '../bytes/index.ts'
import type { ViewerPassword } from '../display/index.ts'
import {
  authSpice,
  ChannelType,
  CommonCapability,
  displayMonitorsConfig,
  inputsKeyScancode,
  LinkError,
  LinkFailure,
  type LinkRequest,
  linkErrorReply,
  linkReply,
  linkResult,
  mainNameAndUuid,
  readLinkRequest,
  SpiceError,
  ticketBytes,
} from '../spice/index.ts'
import type { TicketKey } from './spice-ticket.ts'

/** Whether channels of a kind must be encrypted, or must not. */
export type ChannelSecurity = 'tls' | 'plain' | 'any'

export interface LinkDoor {
  readonly inbox: ByteInbox
  readonly write: (bytes: Uint8Array) => boolean
  /** The connection is encrypted. */
  readonly secured: boolean
  readonly securityOf: (channelType: number) => ChannelSecurity
  /** What clients have to know; undefined if everybody is let in. */
  readonly password: ViewerPassword | undefined
  /** @throws {SpiceError} if the client has gone */
  readonly makeKey: () => Promise<TicketKey>
}

/** What this server understands beside the plain protocol, by the kind of channel. */
const capabilities: Readonly<Record<number, number>> = {
  [ChannelType.main]: mainNameAndUuid,
  [ChannelType.display]: displayMonitorsConfig,
  [ChannelType.inputs]: inputsKeyScancode,
}

/**
 * Speaks with a client until it has proved who it is. It has not been told yet that it may come.
 *
 * @throws {SpiceError} if it may not; it has been told why
 */
export async function linkIn({ inbox, write, secured, securityOf, password, makeKey }: LinkDoor): Promise<LinkRequest> {
  const request = await requestFrom(inbox, write, secured, securityOf)
  const key = await makeKey()
  write(linkReply(key.publicKey, capabilities[request.channelType] ?? 0))
  if (request.commonCapabilities & CommonCapability.authSelection) {
    const mechanism = Buffer.from(await inbox.read(4)).readUInt32LE()
    if (mechanism !== authSpice) throw new SpiceError(`there is no way ${mechanism} to prove who one is`)
  }
  const shown = key.read(await inbox.read(ticketBytes))
  // Whoever need not know a password has to show one all the same.
  if (shown === undefined) throw new SpiceError('the ticket is none')
  if (password !== undefined && !fits(shown, password.valid())) {
    write(linkResult(LinkError.permissionDenied))
    throw new SpiceError('the password is wrong, or none is valid')
  }
  return request
}

async function requestFrom(
  inbox: ByteInbox,
  write: LinkDoor['write'],
  secured: boolean,
  securityOf: LinkDoor['securityOf'],
): Promise<LinkRequest> {
  try {
    const request = await readLinkRequest(inbox)
    const security = securityOf(request.channelType)
    if (security === 'tls' && !secured)
      throw new LinkFailure(LinkError.needSecured, `channel ${request.channelType} must be encrypted`)
    if (security === 'plain' && secured)
      throw new LinkFailure(LinkError.needUnsecured, `channel ${request.channelType} must not be encrypted`)
    return request
  } catch (error) {
    if (error instanceof LinkFailure) write(linkErrorReply(error.number))
    throw error
  }
}

/** Takes as long whatever is wrong with it. */
function fits(shown: string, wanted: string | undefined): boolean {
  if (wanted === undefined) return false
  const [one, other] = [shown, wanted].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer]
  return timingSafeEqual(one, other)
}
