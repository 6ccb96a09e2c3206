/** What a check looks at, one after the other. */
export type Phase = 'snapshots' | 'tables' | 'counts' | 'ownership'

/** What a check has found so far. */
export class Findings {
  phase: Phase = 'snapshots'
  readonly #corruptions: Record<Phase, number> = { snapshots: 0, tables: 0, counts: 0, ownership: 0 }
  leaks = 0
  checkErrors = 0
  allocated = 0
  compressed = 0
  fragmented = 0
  /** Where the last cluster ends that is counted or used. */
  end = 0
  /** Something that names clusters cannot be understood: which of the others are free, nobody knows. */
  blind = false
  /** Faults of the table of snapshots: it is written anew. */
  brokenSnapshots = 0
  /** Faults of entries that can be mended in their place. */
  brokenEntries = 0
  /** Whether a repair will let entries that have no data mean nothing. */
  mendsEntries = false
  /** The structure of the reference counts has faults of its own: it is to be replaced. */
  brokenCounts = false
  readonly #report: ((text: string, phase: Phase) => void) | undefined

  constructor(report?: (text: string, phase: Phase) => void) {
    this.#report = report
  }

  get corruptions(): number {
    return this.corruptionsIn('snapshots', 'tables', 'counts', 'ownership')
  }

  corruptionsIn(...phases: readonly Phase[]): number {
    return phases.reduce((sum, phase) => sum + this.#corruptions[phase], 0)
  }

  /** Whatever a check complains of. */
  get total(): number {
    return this.corruptions + this.leaks + this.checkErrors
  }

  /** @param times - so many references lead to what is wrong */
  fault(text: string, times = 1): void {
    this.corrupt(times)
    for (let time = 0; time < times; time++) this.tell(text)
  }

  /** Counts what is told in other words, or later. */
  corrupt(times = 1): void {
    this.#corruptions[this.phase] += times
  }

  tell(text: string): void {
    this.#report?.(text, this.phase)
  }
}

export function hex(value: number | bigint): string {
  return value.toString(16)
}
