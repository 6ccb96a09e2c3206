/** Options that the help does not list, beside those that they are short for. */
const shortFor: Readonly<Record<string, string>> = { M: 'machine' }

/** The options of a case's command line that are not among those that vmon has (names without dashes). */
export function missingOptions(setup: readonly string[], options: ReadonlySet<string>): readonly string[] {
  return setup.filter((word) => {
    const name = word.replace(/^-+/, '')
    return /^--?[a-z]/i.test(word) && !options.has(shortFor[name] ?? name)
  })
}
