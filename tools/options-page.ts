import { optionGroups } from '../src/cli/help.ts'
import { type Option, options } from '../src/cli/option-table.ts'
import { unavailableOptions } from '../src/cli/unavailable-options.ts'

/** The page of the command line: each option, what vmon makes of it, and those of QEMU's that are refused. */
export function optionsPage(): string {
  const parts = [
    '# Options',
    'The options of QEMU 7.2 (`qemu-system-i386`), as vmon has them: spelling, arguments and complaints are the same. ' +
      '`npm run docs` writes this page from `src/cli`; [moving from QEMU](guide/moving-from-qemu.md) says what else differs.',
  ]
  for (const [group, title] of Object.entries(optionGroups))
    parts.push(`## ${title}`, table(options.filter((option) => option.group === group)))
  const refused = [...unavailableOptions.keys()].sort().map((name) => `\`-${name}\``)
  parts.push(
    '## Refused',
    'vmon does not have these of QEMU’s, and says so by name; so it does with arguments that it does not have, as ' +
      '[conformance](conformance.md#what-is-refused) lists them.',
    `${refused.join(', ')}.`,
  )
  return `${parts.join('\n\n')}\n`
}

function table(rows: readonly Option[]): string {
  const lines = rows.map(({ names, argument, help }) => {
    const spelling = `${names.map((name) => `-${name}`).join(', ')}${argument === undefined ? '' : ` ${argument}`}`
    return `| ${code(spelling)} | ${text(help)} |`
  })
  return ['| option | what it is |', '| --- | --- |', ...lines].join('\n')
}

const code = (words: string): string => `\`${words.replaceAll('|', '\\|')}\``
const text = (words: string): string => words.replaceAll('|', '\\|').replaceAll('<', '&lt;')
