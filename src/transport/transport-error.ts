/** Why a transport could not be opened. */
export type TransportErrorKind =
  /** The address makes no sense: a path too long, both address families switched off. */
  | 'invalid'
  /** Name resolution failed. */
  | 'resolve'
  /** The address could not be taken: in use, no permission, no such directory. */
  | 'listen'
  /** Nobody answers there. */
  | 'connect'
  /** The other side does not speak TLS as it should, or is not who it should be; there are no credentials. */
  | 'tls'
  /** This platform or installation cannot do it. */
  | 'unsupported'

/** A transport could not be opened. The message is the text that QEMU gives, where QEMU has one. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly kind: TransportErrorKind
  /** What a person may want to look at; a program is not told. */
  readonly hint: string | undefined

  constructor(kind: TransportErrorKind, message: string, cause?: unknown, hint?: string) {
    super(message, cause === undefined ? undefined : { cause })
    this.kind = kind
    this.hint = hint
  }
}

/** An error with what a person may want to know besides. */
export function textOfTransportError({ message, hint }: TransportError): string {
  return hint === undefined ? message : `${message}\n${hint}`
}
