/** Why a board refused or failed; the kind is what callers branch on. */
export type BoardErrorKind =
  /** A range of guest memory is not RAM, or not mapped. */
  | 'address'
  /** The board lacks the part that was asked for. */
  | 'unavailable'
  /** The emulator failed; only a reset can help. */
  | 'crashed'
  /** The board has been closed. */
  | 'closed'
  /** A saved state is none, or of another board. */
  | 'state'
  /** The configuration asks for something that this board cannot be. */
  | 'configuration'

export class BoardError extends Error {
  override readonly name = 'BoardError'
  readonly kind: BoardErrorKind
  readonly context: { readonly address?: number }

  constructor(kind: BoardErrorKind, message: string, options: ErrorOptions & { address?: number } = {}) {
    super(message, options)
    this.kind = kind
    this.context = options.address === undefined ? {} : { address: options.address }
  }
}
