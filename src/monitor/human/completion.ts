/** What the end of a line can become. */
export interface Completion {
  /** How many bytes at the beginning of each candidate are on the line already. */
  readonly typed: number
  readonly candidates: readonly string[]
}
