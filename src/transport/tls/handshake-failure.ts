import { TransportError } from '../transport-error.ts'

/** What Node and OpenSSL call a failure, and what GnuTLS, and so QEMU, says of it. The first that fits counts. */
const texts: readonly (readonly [code: RegExp, text: string])[] = [
  [/^(ECONNRESET|ECONNABORTED|EPIPE|ERR_SSL_UNEXPECTED_EOF.*)$/, 'The TLS connection was non-properly terminated.'],
  [/WRONG_VERSION_NUMBER|HTTP|UNKNOWN_PROTOCOL|PACKET_LENGTH/, 'An unexpected TLS packet was received.'],
  [/NO_SHARED_CIPHER/, 'No supported cipher suites have been found.'],
  [/UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/, 'A packet with illegal or unsupported version was received.'],
  [/BINDER|PSK_IDENTITY_NOT_FOUND/, 'An illegal parameter has been received.'],
  [/ALERT/, 'A TLS fatal alert has been received.'],
]

/** A handshake that has failed, in QEMU's words as far as they are known. */
export function handshakeFailure(error: Error): TransportError {
  if (error instanceof TransportError) return error
  const code = 'code' in error ? String(error.code) : ''
  const reason = 'reason' in error ? String(error.reason) : error.message
  const [, text] = texts.find(([pattern]) => pattern.test(code)) ?? [code, reason]
  return new TransportError('tls', `TLS handshake failed: ${text}`, error)
}
