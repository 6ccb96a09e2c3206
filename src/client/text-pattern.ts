/**
 * What looks for a text, or for what a pattern finds, anywhere in another text: a pattern that remembers where it was would
 * look at a part of it only.
 */
export function textPattern(wanted: RegExp | string): RegExp {
  if (typeof wanted === 'string') return new RegExp(wanted.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
  if (!wanted.global && !wanted.sticky) return wanted
  return new RegExp(wanted.source, wanted.flags.replace(/[gy]/g, ''))
}

/** As messages name it. */
export function patternText(wanted: RegExp | string): string {
  return typeof wanted === 'string' ? JSON.stringify(wanted) : String(wanted)
}
