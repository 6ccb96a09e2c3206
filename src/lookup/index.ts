/**
 * Look-ups by words of users, clients and guests: what every JavaScript object has besides its own members
 * (`constructor`, `__proto__`) is not in a table.
 */

/** The entry of a table that a word names; undefined if there is none. */
export function ownEntry<T>(table: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined
}
