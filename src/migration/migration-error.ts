export type MigrationErrorKind =
  /** A word of a request is wrong: nothing has begun. */
  | 'request'
  /** The way to the other side cannot be had, or is broken. */
  | 'channel'
  /** What is read is no stream that this program can take. */
  | 'stream'
  /** The other side has refused, or has ended before it said that it has everything. */
  | 'peer'

/** A migration cannot begin, or has failed. The message is for the user. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
  readonly kind: MigrationErrorKind

  constructor(kind: MigrationErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.kind = kind
  }
}
