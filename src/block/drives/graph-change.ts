/**
 * A change of the block graph that can be taken back. `prepare()` does it, or fails and leaves everything as it was;
 * then either `abort()` undoes it, or `commit()` does what cannot fail; `finish()` ends it in both cases.
 */
export interface GraphChange {
  /** What it is called where it is refused. */
  readonly name: string
  /** Whether it is a job that can end together with others. */
  readonly canBeGrouped?: boolean
  prepare(): Promise<void>
  abort(): Promise<void>
  /** Without it there is nothing more to do. */
  commit?(): Promise<void>
  finish(): Promise<void>
  /** Comes when requests go on: waits for what is to have happened when the answer goes out. */
  begun?(): Promise<void>
}
