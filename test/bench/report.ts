import { type KeptTable, thisHost } from './figures.ts'

const host = thisHost()
/** What has been printed in this run. */
export const printed: KeptTable[] = []

/** One row of a bench: a figure of ours beside the same figure of the peer, and what it should be. */
export interface Row {
  readonly name: string
  readonly unit: string
  readonly ours: number
  readonly peer?: number
  /** Whether `value` (the ratio ours/peer, or ours alone where there is no peer) is good enough. */
  readonly target?: { readonly text: string; met(value: number): boolean }
}

export const atMost = (limit: number, unit = ''): NonNullable<Row['target']> => ({
  text: `<= ${limit}${unit}`,
  met: (value) => value <= limit,
})
export const atLeast = (limit: number, unit = ''): NonNullable<Row['target']> => ({
  text: `>= ${limit}${unit}`,
  met: (value) => value >= limit,
})

/** Prints rows as a table: figures, ratio ours/peer, target, verdict. */
export function printRows(title: string, peerName: string, rows: readonly Row[]): void {
  const cells = [['', 'vmon', peerName, 'ratio', 'target', '']]
  for (const { name, unit, ours, peer, target } of rows) {
    const ratio = peer === undefined ? undefined : ours / peer
    cells.push([
      name,
      `${figure(ours)} ${unit}`,
      peer === undefined ? '-' : `${figure(peer)} ${unit}`,
      ratio === undefined ? '-' : figure(ratio),
      target?.text ?? '-',
      target === undefined
        ? ''
        : target.met(ratio !== undefined && !target.text.match(/[a-z]/i) ? ratio : ours)
          ? 'met'
          : 'MISSED',
    ])
  }
  const rest = cells.slice(1).map(([name, ours, peer, ratio, target, verdict]) => ({
    ...{ name: name!, ours: ours!, peer: peer!, ratio: ratio!, target: target! },
    verdict: verdict!,
  }))
  printed.push({ title, peer: peerName, host, rows: rest })
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  console.log(`\n${title}`)
  for (const row of cells) {
    console.log(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  '),
    )
  }
}

function figure(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return value.toPrecision(3)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
