import { reasonText } from '../../../errno/index.ts'
import { BoardError } from '../../board-error.ts'
import type { WireError } from '../wire.ts'

/** What comes of a failure; a board that refuses its configuration has said why. */
export function boardFailure(cause: unknown): BoardError {
  return cause instanceof BoardError ? cause : crashed(cause)
}

/** The board has failed, of whatever cause. */
export function crashed(cause: unknown): BoardError {
  if (cause instanceof BoardError && cause.kind === 'crashed') return cause
  const [reason] = reasonText(cause).split('\n') // Node has stories to tell below some
  return new BoardError('crashed', `The board has failed: ${reason}`, { cause })
}

/** An error as the worker has told it. */
export function boardError({ kind, message, address }: WireError): BoardError {
  return new BoardError(kind, message, address === undefined ? {} : { address })
}
