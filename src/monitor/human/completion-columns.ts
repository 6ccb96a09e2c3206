/** A terminal is taken to be so wide. */
const terminalColumns = 80
const narrowest = 10

/**
 * Candidates side by side in their order, as many as fit into a line, and what they have in common at their beginning.
 */
export function completionColumns(candidates: readonly string[]): { readonly prefix: string; readonly lines: string } {
  const sorted = [...candidates].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const longest = Math.max(...sorted.map(({ length }) => length))
  const width = Math.min(Math.max(longest + 2, narrowest), terminalColumns)
  const perLine = Math.floor(terminalColumns / width)
  let lines = ''
  for (let at = 0; at < sorted.length; at += perLine) {
    const row = sorted.slice(at, at + perLine).map((candidate) => candidate.padEnd(width))
    lines += `${row.join('')}\n`
  }
  return { prefix: commonPrefix(sorted), lines }
}

/** Of sorted texts, what the first and the last have in common all have. */
function commonPrefix(sorted: readonly string[]): string {
  const first = sorted[0] ?? ''
  const last = sorted.at(-1) ?? ''
  let length = 0
  while (length < first.length && first[length] === last[length]) length++
  return first.slice(0, length)
}
