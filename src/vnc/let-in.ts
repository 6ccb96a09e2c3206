import {
  type ByteInbox,
  ByteWriter,
  type MinorVersion,
  newestVersion,
  RfbError,
  readVersion,
  reasonMessage,
  Security,
  versionBytes,
} from '../rfb/index.ts'
import { challengeBytes, isAnswer, newChallenge } from './vnc-challenge.ts'
import type { VncPassword } from './vnc-password.ts'

export interface Door {
  readonly inbox: ByteInbox
  readonly write: (bytes: Uint8Array) => boolean
  /** What clients have to know; undefined if everybody is let in. */
  readonly password: VncPassword | undefined
  /** Whoever comes by here need not know it. */
  readonly skipAuth: boolean
}

const Result = { ok: 0, failed: 1 } as const
const u32 = (value: number): Uint8Array => new ByteWriter(4).u32(value).written

/**
 * Speaks with a client until it has proved who it is: about the version of the protocol, then about security.
 *
 * @throws {RfbError} if it is not let in; it has been told why, as far as its version has words for that
 */
export async function letIn({ inbox, write, password, skipAuth }: Door): Promise<void> {
  write(new TextEncoder().encode(newestVersion))
  const version = readVersion(await inbox.read(versionBytes))
  if (version === undefined) {
    write(u32(Security.invalid))
    throw new RfbError('the client speaks another version')
  }
  const type = password === undefined || skipAuth ? Security.none : Security.vnc
  if (version === 3) write(u32(type))
  else {
    write(Uint8Array.of(1, type))
    const [chosen] = await inbox.read(1)
    if (chosen !== type) throw refuse(version, write, `there is no security ${chosen}`)
  }
  if (type === Security.none) {
    if (version === 8) write(u32(Result.ok))
    return
  }
  const challenge = newChallenge()
  write(challenge)
  const answer = await inbox.read(challengeBytes)
  const expected = password?.valid()
  if (expected === undefined) throw refuse(version, write, 'no password is valid')
  if (!isAnswer(answer, challenge, expected)) throw refuse(version, write, 'the password is wrong')
  write(u32(Result.ok))
}

/** Tells the client that it is not let in, and no more: why is for the log. */
function refuse(version: MinorVersion, write: Door['write'], why: string): RfbError {
  write(u32(Result.failed))
  if (version === 8) write(reasonMessage('Authentication failed'))
  return new RfbError(why)
}
