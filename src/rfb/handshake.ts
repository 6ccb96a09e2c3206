import { RfbError } from './rfb-error.ts'

/** What a server says first, and a client answers: a version of the protocol. */
export const versionBytes = 12
export const newestVersion = versionText(8)

/** The minor number of the version that is spoken. */
export type MinorVersion = 3 | 7 | 8

function versionText(minor: MinorVersion): string {
  return `RFB 003.00${minor}\n`
}

/**
 * Reads what a client wants to speak.
 *
 * @returns undefined if it is a version that there is not, or that is not spoken
 * @throws {RfbError} if it is none
 */
export function readVersion(bytes: Uint8Array): MinorVersion | undefined {
  const match = /^RFB (\d{3})\.(\d{3})\n$/.exec(String.fromCharCode(...bytes))
  if (match === null) throw new RfbError('the client does not speak RFB')
  if (Number(match[1]) !== 3) return undefined
  const minor = Number(match[2])
  // 3.4 and 3.5 were never published: who says so speaks 3.3.
  if (minor === 3 || minor === 4 || minor === 5) return 3
  return minor === 7 || minor === 8 ? minor : undefined
}
