import { type Deferred, deferred } from '../../../async/index.ts'

/** Clusters whose entries somebody is about to change. */
export interface Claim {
  readonly first: number
  readonly end: number
  readonly done: Deferred<void>
}

/** Keeps two from changing the entries of the same clusters. There are few at a time: as many as requests under way. */
export class Claims {
  readonly #claims = new Set<Claim>()

  /** Settles when the first claim that overlaps has been given up; undefined, if there is none. */
  overlapping(first: number, end: number): Promise<void> | undefined {
    for (const claim of this.#claims) if (claim.first < end && first < claim.end) return claim.done.promise
    return undefined
  }

  /** How many clusters from `first` on are free of claims, at most `count`. */
  freeFrom(first: number, count: number): number {
    let end = first + count
    for (const claim of this.#claims) if (claim.end > first && claim.first < end) end = Math.max(first, claim.first)
    return end - first
  }

  take(first: number, end: number): Claim {
    const claim = { first, end, done: deferred<void>() }
    this.#claims.add(claim)
    return claim
  }

  release(claim: Claim): void {
    this.#claims.delete(claim)
    claim.done.resolve()
  }
}
