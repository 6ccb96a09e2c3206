/** Why a block operation failed; the kind is what callers branch on. */
export type BlockErrorKind =
  /** There is no such file. */
  | 'missing'
  /** The system does not let us. */
  | 'permission'
  /** Somebody else uses the image in a way that excludes this use. */
  | 'locked'
  /** Users inside this process exclude each other. */
  | 'busy'
  /** A write to what may only be read. */
  | 'read-only'
  /** The request lies (partly) outside. */
  | 'range'
  /** The disk failed. */
  | 'io'
  /** The disk is full. */
  | 'no-space'
  /** No such driver, format, protocol or option here. */
  | 'unsupported'
  /** An image whose structure is damaged. */
  | 'corrupt'
  /** A value that cannot be. */
  | 'invalid'
  /** A name that is taken. */
  | 'duplicate'
  /** A drive that has no medium. */
  | 'empty'
  /** The node has been closed. */
  | 'closed'

export interface BlockErrorContext {
  readonly node?: string
  readonly drive?: string
  readonly filename?: string
  readonly option?: string
  readonly offset?: number
  readonly length?: number
  /** The system's name of the error (`ENOSPC`, ...), if it came from the system. */
  readonly code?: string
  /** What a person may want to look at; a program is not told. */
  readonly hint?: string
}

/** A failure of the block layer. The message is what a user should read, in QEMU's words where QEMU has some. */
export class BlockError extends Error {
  override readonly name = 'BlockError'
  readonly kind: BlockErrorKind
  readonly context: BlockErrorContext

  constructor(kind: BlockErrorKind, message: string, context: BlockErrorContext = {}, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
    this.context = context
  }
}

/** An error with what a person may want to know besides. */
export function textOfBlockError({ message, context }: BlockError): string {
  return context.hint === undefined ? message : `${message}\n${context.hint}`
}

const kindOfCode: Readonly<Record<string, BlockErrorKind>> = {
  ENOENT: 'missing',
  EACCES: 'permission',
  EPERM: 'permission',
  EROFS: 'read-only',
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
}

/** The kind of an error that the system gave while a file was opened, read or written. */
export function kindOfSystemError(code: string | undefined): BlockErrorKind {
  return (code === undefined ? undefined : kindOfCode[code]) ?? 'io'
}
