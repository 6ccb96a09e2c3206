import type { HmpTable } from './hmp-command.ts'

/** The page of the documentation about the commands of the human monitor and the topics of `info`. */
export function hmpPage(commands: HmpTable, topics: HmpTable): string {
  return ['# The human monitor', introduction, '## Commands', table(commands), '## Topics of info', table(topics)]
    .join('\n\n')
    .concat('\n')
}

const introduction = `Lines for people, on \`-monitor\`, \`-serial mon:stdio\`, \`-mon mode=readline\` and by human-monitor-command; TAB completes.
\`npm run docs\` writes this page from the declarations in \`src/hmp\`. The help is QEMU's; how each of them compares with
QEMU stands in [conformance](conformance.md#the-human-monitor).`

function table(entries: HmpTable): string {
  const rows = Object.entries(entries)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { aliases = [], params, help }]) => [
      [name, ...aliases].map((each) => `\`${each}\``).join(', '),
      params === '' ? '' : `\`${oneLine(params)}\``,
      oneLine(help),
    ])
  return [['name', 'arguments', 'what it does'], ['---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
}

/** Help is laid out for terminals. */
function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ')
}
