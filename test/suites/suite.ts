/** A test suite that others made, or that runs for too long to belong to `npm test`. */
export interface Suite {
  readonly name: string
  /** A line for the list of suites. */
  readonly summary: string
  /** What may follow the name on the command line, e.g. `[NUMBER ...]`. */
  readonly usage: string
  run(run: SuiteRun): Promise<Tally>
}

/** What a suite gets from whoever runs it. */
export interface SuiteRun {
  readonly arguments: readonly string[]
  /** Aborted when the run is to end: then the suite ends what it started, and returns what it has so far. */
  readonly signal: AbortSignal
  /** Prints a line. */
  print(line: string): void
}

/** How many of a suite's cases ended as they were expected to end, and how many did not. */
export interface Tally {
  readonly passed: number
  readonly failed: number
}

/** A call of a suite that cannot be served; the text is for the user. */
export class SuiteUsageError extends Error {}
