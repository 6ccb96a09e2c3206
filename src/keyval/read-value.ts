/**
 * Reads a value from `start` up to a single comma; two are one that belongs to the value.
 *
 * @returns the value, and where the next item begins
 */
export function readValue(text: string, start: number): [value: string, next: number] {
  let value = ''
  let at = start
  for (;;) {
    const comma = text.indexOf(',', at)
    if (comma < 0) return [value + text.slice(at), text.length]
    if (text[comma + 1] !== ',') return [value + text.slice(at, comma), comma + 1]
    value += text.slice(at, comma + 1)
    at = comma + 2
  }
}

/** The word from `start` up to an equals sign or a comma. */
export function readWord(text: string, start: number): string {
  let end = start
  while (end < text.length && text[end] !== '=' && text[end] !== ',') end++
  return text.slice(start, end)
}
