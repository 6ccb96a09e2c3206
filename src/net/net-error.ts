export type NetErrorKind =
  /** No such name. */
  | 'not-found'
  /** What was asked for cannot be. */
  | 'refused'

/** What a network cannot do; the message is QEMU's where QEMU has one. */
export class NetError extends Error {
  override readonly name = 'NetError'
  readonly kind: NetErrorKind

  constructor(kind: NetErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.kind = kind
  }
}
