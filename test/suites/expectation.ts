/**
 * What is expected of one test of a suite that others made:
 * - `passes`
 * - `differs`: it fails, for this reason
 * - `waits`: it fails because of a part of QEMU that vmon does not have yet, named here
 * - `not-for-us`: it is about something else, and is not run
 */
export type Expectation =
  | { readonly kind: 'passes' }
  | { readonly kind: 'differs' | 'waits' | 'not-for-us'; readonly reason: string }

export const passes: Expectation = { kind: 'passes' }
export const differs = (reason: string): Expectation => ({ kind: 'differs', reason })
export const waitsFor = (reason: string): Expectation => ({ kind: 'waits', reason })
export const notForUs = (reason: string): Expectation => ({ kind: 'not-for-us', reason })

/** How a test ended. `not-run` is the test's own word: it found something missing. */
export type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed' | 'not-run'; readonly detail: string }
  | { readonly kind: 'interrupted' }

/** @returns what is wrong with the outcome, or undefined if it is the expected one */
export function difference(expected: Expectation, outcome: Outcome): string | undefined {
  const passing = expected.kind === 'passes'
  switch (outcome.kind) {
    case 'passed':
      return passing ? undefined : `passes, and was expected to fail: ${expected.reason}`
    case 'failed':
      return passing ? `fails: ${outcome.detail}` : undefined
    case 'not-run':
      return passing ? `did not run: ${outcome.detail}` : undefined
    case 'interrupted':
      return undefined
  }
}
