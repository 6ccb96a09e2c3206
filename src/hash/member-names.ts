/** Names of objects whose order JavaScript does not keep. */
const kept = new WeakMap<object, readonly string[]>()

/**
 * Remembers in which order an object got its members.
 *
 * JavaScript lists names that look like array indices first and in numeric order; QEMU tells names of one hash bucket
 * apart by the time of their insertion. Needed only for objects that have such a name.
 */
export function keepNames(object: object, names: readonly string[]): void {
  kept.set(object, names)
}

/** The names of an object's members in the order in which they were inserted. */
export function memberNames(object: object): readonly string[] {
  const names = Object.keys(object)
  // A name that looks like an index is listed first, if there is one.
  if (names.length < 2 || !startsWithDigit(names[0]!)) return names
  return kept.get(object) ?? names
}

/** Whether a name may look like an array index. */
export function startsWithDigit(name: string): boolean {
  const code = name.charCodeAt(0)
  return code >= 0x30 && code <= 0x39
}
