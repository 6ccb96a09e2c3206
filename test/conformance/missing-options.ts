/** The options of a case's command line that are not among those that vmon has (names without dashes). */
export function missingOptions(setup: readonly string[], options: ReadonlySet<string>): readonly string[] {
  return setup.filter((word) => /^--?[a-z]/i.test(word) && !options.has(word.replace(/^-+/, '')))
}
