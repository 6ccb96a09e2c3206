import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { TransportError } from '../transport-error.ts'

/** What is wrong with a certificate, in QEMU's words. */
const texts: Readonly<Record<string, string>> = {
  UNABLE_TO_GET_ISSUER_CERT: "The certificate hasn't got a known issuer",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "The certificate hasn't got a known issuer",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "The certificate hasn't got a known issuer",
  DEPTH_ZERO_SELF_SIGNED_CERT: "The certificate hasn't got a known issuer",
  SELF_SIGNED_CERT_IN_CHAIN: "The certificate hasn't got a known issuer",
  CERT_REVOKED: 'The certificate has been revoked',
  CA_MD_TOO_WEAK: 'The certificate uses an insecure algorithm',
  EE_KEY_TOO_SMALL: 'The certificate uses an insecure algorithm',
}

/** Whether somebody of that name may come. @throws {Error} if nobody can say */
export type Authorize = (name: string) => boolean

export interface PeerWish {
  /** Whom a client wants to speak with: a name, or an address. */
  readonly hostname?: string | undefined
  readonly authorize?: Authorize | undefined
}

/**
 * Looks at the certificate that the other side has shown.
 *
 * @returns the name in it
 * @throws {TransportError} `tls`, in QEMU's words, if it is not good enough
 */
export function checkedPeer(socket: TLSSocket, endpoint: 'client' | 'server', wish: PeerWish): string {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) throw refused('Verify failed: No certificate was found.')
  const problem = socket.authorizationError as unknown
  if (!socket.authorized) throw refused(texts[codeOf(problem)] ?? 'The certificate is not trusted')
  const name = nameIn(certificate)
  if (wish.authorize !== undefined && !allowed(wish.authorize, name))
    throw refused(`TLS x509 authz check for ${name} is denied`)
  if (wish.hostname !== undefined) {
    if (!fits(certificate, wish.hostname)) throw refused(`Certificate does not match the hostname ${wish.hostname}`)
  } else if (endpoint === 'client') throw refused('No hostname for certificate validation')
  return name
}

function codeOf(problem: unknown): string {
  return typeof problem === 'object' && problem !== null && 'code' in problem ? String(problem.code) : String(problem)
}

/** The subject in one line, as RFC 4514 writes it, but in the order in which it stands there. */
function nameIn({ subject }: X509Certificate): string {
  return subject.split('\n').join(',')
}

function allowed(authorize: Authorize, name: string): boolean {
  try {
    return authorize(name)
  } catch (error) {
    throw refused((error as Error).message)
  }
}

function fits(certificate: X509Certificate, hostname: string): boolean {
  if (isIP(hostname) !== 0 && certificate.checkIP(hostname) !== undefined) return true
  return certificate.checkHost(hostname) !== undefined
}

function refused(text: string): TransportError {
  return new TransportError('tls', text)
}
