/** What can be logged, as `help log` shows it. */
export function logItemsText(items: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ none: 'remove all logs', ...items }).map(
    ([name, help]) => `${name.padEnd(15)} ${help}\n`,
  )
  return `Log items (comma separated):\n${lines.join('')}`
}
