/** What terminals take for orders, what turns the direction of a line, and halves of characters. */
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** Text that somebody else has chosen, for a terminal: what is no character to be seen is escaped as JSON does it. */
export function printable(text: string): string {
  return text.replace(unprintable, escaped)
}

/** The same for text of several lines. */
export function printableLines(text: string): string {
  return text.replace(unprintable, (character) => ('\n\t'.includes(character) ? character : escaped(character)))
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
