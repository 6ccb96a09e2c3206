/**
 * Compares what a server said with what was recorded, byte for byte except at markers: `"@int@"` stands for any
 * integer (and `@int@` within a string, too), `"@num@"` any number, `"@str@"` any string, `"@any@"` any scalar, and `#blockNNN` for a generated node name.
 */

const string = '"(?:[^"\\\\]|\\\\.)*"'
const markers: Readonly<Record<string, string>> = {
  '"@int@"': '-?\\d+',
  '@int@': '-?\\d+',
  '"@num@"': '-?[0-9.eE+-]+',
  '"@str@"': string,
  '"@any@"': `(?:${string}|[^",{}\\[\\]]+)`,
}

export function sameLine(expected: string, actual: string): boolean {
  const [want, got] = [expected, actual].map((line) => line.replace(/#block\d+/g, '#blockNNN')) as [string, string]
  if (want === got) return true
  if (!/"@(?:int|num|str|any)@"|@int@/.test(want)) return false
  const pattern = want
    .split(/("@(?:int|num|str|any)@"|@int@)/)
    .map((part) => markers[part] ?? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('')
  return new RegExp(`^${pattern}$`).test(got)
}

/** A line that answers something, as opposed to an event or the end of the connection. */
export function isReply(line: string): boolean {
  return (line.startsWith('{"QMP"') || /"return"|"error"/.test(line)) && !/^\{"timestamp"/.test(line)
}

/** The event's name, or undefined if the line is none. */
export function eventName(line: string): string | undefined {
  return line.includes('"timestamp"') ? /"event": "([A-Z0-9_]+)"/.exec(line)?.[1] : undefined
}

/** What differs between two sequences of lines, readable; undefined if nothing does. */
export function difference(
  expected: readonly string[],
  actual: readonly string[],
  replyOrder: 'any' | undefined,
): string | undefined {
  const [want, got] = replyOrder === 'any' ? [repliesLast(expected), repliesLast(actual)] : [expected, actual]
  const same = want.length === got.length && want.every((line, i) => sameLine(line, got[i]!))
  if (same) return undefined
  const show = (lines: readonly string[]) => lines.map((line) => `\n      ${abridged(line)}`).join('') || ' nothing'
  return `    expected:${show(want)}\n    got:${show(got)}`
}

function repliesLast(lines: readonly string[]): readonly string[] {
  return [...lines.filter((line) => !isReply(line)), ...lines.filter(isReply)]
}

function abridged(line: string): string {
  return line.length <= 2000 ? line : `${line.slice(0, 1900)} ... (${line.length} characters)`
}
