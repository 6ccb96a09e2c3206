/** Prometheus's text format 0.0.4 (prometheus.io, "Exposition formats"). */

export type Labels = Readonly<Record<string, string>>

export interface Point {
  readonly labels: Labels
  readonly value: number
  /** What the family's name has behind it: `_bucket`, `_sum`, `_count` of a histogram. */
  readonly suffix?: string
}

export interface Family {
  readonly name: string
  readonly type: 'gauge' | 'counter' | 'histogram'
  readonly help: string
  readonly points: readonly Point[]
}

/** The content type of what `exposition` returns. */
export const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Families as text, those of one name joined under one head, in the order of their first appearance. */
export function exposition(families: readonly Family[]): string {
  const joined = new Map<string, { readonly family: Family; readonly points: Point[] }>()
  for (const family of families) {
    const there = joined.get(family.name)
    if (there === undefined) joined.set(family.name, { family, points: [...family.points] })
    else there.points.push(...family.points)
  }
  return [...joined.values()]
    .filter(({ points }) => points.length > 0)
    .map(({ family: { name, type, help }, points }) => {
      const head = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
      return (
        head +
        points
          .map((point) => `${name}${point.suffix ?? ''}${labelText(point.labels)} ${numberText(point.value)}\n`)
          .join('')
      )
    })
    .join('')
}

function labelText(labels: Labels): string {
  const entries = Object.entries(labels)
  if (entries.length === 0) return ''
  const quoted = (value: string): string =>
    value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
  return `{${entries.map(([name, value]) => `${name}="${quoted(value)}"`).join(',')}}`
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  return String(value)
}
