import type { ByteInbox } from '../bytes/index.ts'
import type { ViewerPassword } from '../display/index.ts'
import {
  ByteWriter,
  type MinorVersion,
  newestVersion,
  RfbError,
  readVersion,
  reasonMessage,
  Security,
  VeNCrypt,
  versionBytes,
} from '../rfb/index.ts'
import { challengeBytes, isAnswer, newChallenge } from './vnc-challenge.ts'

export interface Door {
  readonly inbox: ByteInbox
  readonly write: (bytes: Uint8Array) => boolean
  /** What clients have to know; undefined if everybody is let in. */
  readonly password: ViewerPassword | undefined
  /** Secures what is said from here on; undefined if nothing is secured. */
  readonly tls: { readonly kind: 'x509' | 'tls'; secure(): Promise<void> } | undefined
  /** Whoever comes by here need not know it, nor speak TLS. */
  readonly skipAuth: boolean
}

const Result = { ok: 0, failed: 1 } as const
const u32 = (value: number): Uint8Array => new ByteWriter(4).u32(value).written

/**
 * Speaks with a client until it has proved who it is: about the version of the protocol, then about security.
 *
 * @throws {RfbError} if it is not let in; it has been told why, as far as its version has words for that
 */
export async function letIn({ inbox, write, password, tls, skipAuth }: Door): Promise<void> {
  write(new TextEncoder().encode(newestVersion))
  const version = readVersion(await inbox.read(versionBytes))
  if (version === undefined) {
    write(u32(Security.invalid))
    throw new RfbError('the client speaks another version')
  }
  const plain = password === undefined || skipAuth ? Security.none : Security.vnc
  const secured = skipAuth ? undefined : tls
  const type = secured === undefined ? plain : Security.vencrypt
  if (version === 3 && secured !== undefined) {
    write(u32(Security.invalid))
    throw new RfbError('the client speaks a version that has no TLS')
  }
  if (version === 3) write(u32(type))
  else {
    write(Uint8Array.of(1, type))
    const [chosen] = await inbox.read(1)
    if (chosen !== type) throw refuse(version, write, `there is no security ${chosen}`)
  }
  if (secured !== undefined) await agreeOnTls({ inbox, write, password, tls: secured })
  if (plain === Security.none) {
    if (version === 8 || secured !== undefined) write(u32(Result.ok))
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

/** The only version of VeNCrypt that is spoken. */
const [major, minor] = [0, 2]
const Answer = { yes: 1, no: 0 } as const

/** What the display wants of viewers, of the ways that VeNCrypt has. */
function subtypeOf(kind: 'x509' | 'tls', password: ViewerPassword | undefined): number {
  if (kind === 'x509') return password === undefined ? VeNCrypt.x509None : VeNCrypt.x509Vnc
  return password === undefined ? VeNCrypt.tlsNone : VeNCrypt.tlsVnc
}

/** @throws {RfbError} if the client wants another way, and whatever the securing throws */
async function agreeOnTls({
  inbox,
  write,
  password,
  tls,
}: Omit<Door, 'skipAuth' | 'tls'> & { readonly tls: NonNullable<Door['tls']> }): Promise<void> {
  write(Uint8Array.of(major, minor))
  const [first, second] = await inbox.read(2)
  if (first !== major || second !== minor) {
    write(Uint8Array.of(1))
    throw new RfbError(`the client speaks VeNCrypt ${first}.${second}`)
  }
  const wanted = subtypeOf(tls.kind, password)
  write(Uint8Array.of(0, 1))
  write(u32(wanted))
  const chosen = Buffer.from(await inbox.read(4)).readUInt32BE()
  if (chosen !== wanted) {
    write(Uint8Array.of(Answer.no))
    throw new RfbError(`VeNCrypt ${chosen} was not offered`)
  }
  write(Uint8Array.of(Answer.yes))
  await tls.secure()
}

/** Tells the client that it is not let in, and no more: why is for the log. */
function refuse(version: MinorVersion, write: Door['write'], why: string): RfbError {
  write(u32(Result.failed))
  if (version === 8) write(reasonMessage('Authentication failed'))
  return new RfbError(why)
}
