/**
 * The name that somebody may have meant: the one that takes the fewest changes, if two are enough (one, for a short
 * word).
 */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  const ranked = names
    .filter((name) => name.length > 1)
    .map((name) => ({ name, changes: distance(word, name) }))
    .sort((a, b) => a.changes - b.changes)
  const best = ranked[0]
  return best !== undefined && best.changes <= (word.length > 4 ? 2 : 1) ? best.name : undefined
}

/** Levenshtein's distance: letters to add, to drop or to change. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const change = row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[other.length]!
}
