/** Holds what happened when a case was played against what is declared about it. */
import type { PlayResult, StepResult } from '../oracle/transcript.ts'
import type { Row } from './rows.ts'

/** Complaints: differences without a row, rows without a difference. None if everything is as declared. */
export function judge(result: PlayResult, rows: readonly Row[]): readonly string[] {
  const complaints: string[] = []
  const whole = rows.some(({ steps }) => steps === undefined)
  for (const step of result.steps) {
    const declared = rows.some(({ steps }) => steps?.includes(step.index))
    if (step.outcome === 'different' && !declared && !whole)
      complaints.push(`step ${step.index} differs, and no row says why:\n${step.difference}`)
    if (step.outcome !== 'different' && declared)
      complaints.push(`${stale(rows, step)}: step ${step.index} is as recorded`)
  }
  const different = result.failure !== undefined || result.steps.some(({ outcome }) => outcome === 'different')
  if (whole && !different) complaints.push(`${stale(rows)}: all steps are as recorded`)
  const known = new Set(result.steps.map(({ index }) => index))
  for (const { steps } of rows)
    for (const index of steps ?? []) if (!known.has(index)) complaints.push(`a row names step ${index}; there is none`)
  if (result.failure && !whole) complaints.push(`broke off: ${result.failure}`)
  if (result.exit.status !== 0 && !(result.failure && whole))
    complaints.push(`ended with ${result.exit.status ?? result.exit.signal}: ${result.exit.stderr}`)
  if (result.leftovers.length > 0) complaints.push(`left behind: ${result.leftovers.join(', ')}`)
  return complaints
}

function stale(rows: readonly Row[], step?: StepResult): string {
  const row = rows.find(({ steps }) => (step ? steps?.includes(step.index) : steps === undefined))
  return `the row "${row?.reason}" is stale`
}
