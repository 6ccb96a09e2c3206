/**
 * Where vmon does not answer as QEMU 7.2 was recorded, and why. A row that names a difference which is no longer there
 * fails the tests, as does a difference without a row; docs/conformance.md is made of both.
 */
export interface Row {
  /** Topic of the transcript, and the case in it. */
  readonly transcript: string
  readonly case: string
  /** The steps that differ, counted from 0; all of the case if absent. */
  readonly steps?: readonly number[]
  /**
   * `divergent`: a client can tell, and that is decided. `equivalent`: the words differ, what they say does not.
   * `pending`: waits for a part that vmon does not have yet and that no command's name tells.
   */
  readonly kind: 'divergent' | 'equivalent' | 'pending'
  readonly reason: string
}

export const rows: readonly Row[] = []
