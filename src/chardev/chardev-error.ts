/** Why a character device could not be made, found or used. */
export type ChardevErrorKind =
  /** The text of a shorthand means nothing; when nothing more is to be said, the message is empty. */
  | 'parse'
  /** An option is missing, unknown, or has a value that cannot be. */
  | 'option'
  /** QEMU has it, this program does not. */
  | 'unsupported'
  /** The file or the host's device could not be opened. */
  | 'open'
  /** The label is taken. */
  | 'duplicate'
  /** No device has that label. */
  | 'not-found'
  /** The device has a front end already. */
  | 'in-use'

/** A character device could not be made, found or used. The message is QEMU's text, where QEMU has one. */
export class ChardevError extends Error {
  override readonly name = 'ChardevError'
  readonly kind: ChardevErrorKind

  constructor(kind: ChardevErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.kind = kind
  }
}
