import type { OptionKinds, OptionListRules } from '../../keyval/index.ts'

/** Options that may be repeated, each adding to what was said before, by the titles of their lists. */
const merging: ReadonlySet<string> = new Set(['action', 'memory', 'name', 'rtc'])

/**
 * How the list of an option is read.
 *
 * @param kinds - the options there are, of which `help` tells; undefined if any name goes
 */
export function listRules(
  title: string,
  kinds: OptionKinds | undefined,
  impliedName: string | undefined,
): OptionListRules {
  return {
    ...(kinds !== undefined && { kinds, help: true }),
    ...(impliedName !== undefined && { impliedName }),
    merges: merging.has(title),
  }
}
