/**
 * A change of the block graph that can be taken back. `prepare()` does it, or fails and leaves everything as it was;
 * then either `abort()` undoes it, or nothing more happens to it; `finish()` ends it in both cases.
 */
export interface GraphChange {
  /** What it is called where it is refused. */
  readonly name: string
  prepare(): Promise<void>
  abort(): Promise<void>
  finish(): Promise<void>
}
