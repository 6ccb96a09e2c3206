/**
 * Writes the generated documentation: docs/reference/ (a page for each door of the package), docs/options.md from the
 * table of options, docs/performance.md from the figures that benches have kept, docs/commands/ (a page for each family of commands, one for the events) from the
 * table, docs/human-monitor.md from that of the human monitor, and docs/conformance.md from what is declared in test/conformance.
 *
 *     node dist/tools/docs.js [--check]
 *
 * With --check it writes nothing and exits with 1 if a page differs from what would be written.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { commands, events, families } from '../src/commands/index.ts'
import { commandTable, hmpPage, infoTable } from '../src/hmp/index.ts'
import { anchor, commandPage, eventPage } from '../src/qapi/index.ts'
import { keptFigures } from '../test/bench/figures.ts'
import { conformancePage } from '../test/conformance/page.ts'
import { rows } from '../test/conformance/rows.ts'
import { loadTranscripts } from '../test/oracle/case.ts'
import { referencePages } from './api-reference.ts'
import { optionsPage } from './options-page.ts'
import { performancePage } from './performance-page.ts'

const folder = 'docs/commands'
const referenceFolder = 'docs/reference'

function commandPages(): Map<string, string> {
  const pages = new Map<string, string>()
  for (const [name, { title, commands }] of Object.entries(families)) {
    pages.set(join(folder, `${name}.md`), commandPage(title, commands))
  }
  pages.set(join(folder, 'events.md'), eventPage('Events', events))
  pages.set(join(folder, 'README.md'), contents())
  return pages
}

function contents(): string {
  const lines = Object.entries(families).map(([page, { title, commands }]) => {
    const links = Object.keys(commands).map((name) => `[${name}](${page}.md#${anchor(name)})`)
    return `- [${title}](${page}.md): ${links.join(', ')}`
  })
  return (
    [
      '# Commands and events',
      `The ${Object.keys(commands).length} commands of vmon and its [events](events.md).`,
      '`npm run docs` writes these pages from the declarations in `src/commands`; examples are conversations that run as tests.',
      lines.join('\n'),
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  )
}

const pages = commandPages()
for (const [path, text] of referencePages(referenceFolder)) pages.set(path, text)
pages.set('docs/options.md', optionsPage())
pages.set('docs/performance.md', performancePage(keptFigures()))
pages.set('docs/human-monitor.md', hmpPage(commandTable, infoTable))
pages.set('docs/conformance.md', conformancePage({ transcripts: loadTranscripts('test/transcripts'), rows }))
const stale = [folder, referenceFolder]
  .filter((one) => existsSync(one))
  .flatMap((one) => readdirSync(one).map((name) => join(one, name)))
  .filter((path) => !pages.has(path))
const differing = [...pages].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text)

if (process.argv.includes('--check')) {
  for (const [path] of differing) console.error(`${path}: differs from what 'npm run docs' writes`)
  for (const path of stale) console.error(`${path}: no page of the documentation`)
  console.log(`docs: ${pages.size} pages, ${differing.length + stale.length} differences`)
  process.exitCode = differing.length + stale.length === 0 ? 0 : 1
} else {
  for (const path of stale) rmSync(path)
  for (const [path, text] of differing) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    console.log(`docs: wrote ${path}`)
  }
}
