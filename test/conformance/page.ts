/** docs/conformance.md: claims, evidence and declared differences, for people to read. */
import { families } from '../../src/commands/index.ts'
import { commandTable, type HmpTable, infoTable } from '../../src/hmp/index.ts'
import { anchor } from '../../src/qapi/index.ts'
import type { TranscriptCase } from '../oracle/case.ts'
import { type Claim, claims, classicCommands } from './claims.ts'
import { elsewhere } from './elsewhere.ts'
import { casesByCommand } from './evidence.ts'
import { hmpClaim, qemuCommands, qemuTopics, registerDifferences } from './human-monitor.ts'
import { refusals } from './refusals.ts'
import type { Row } from './rows.ts'

export interface ConformanceSources {
  readonly transcripts: ReadonlyMap<string, readonly TranscriptCase[]>
  readonly rows: readonly Row[]
}

export function conformancePage({ transcripts, rows }: ConformanceSources): string {
  const cases = casesByCommand(transcripts)
  const classic = new Set<string>(classicCommands)
  const later = Object.keys(claims).filter((command) => !classic.has(command))
  const commandRow = (command: string): readonly string[] => [
    link(command),
    claims[command]?.verdict ?? 'pending',
    claims[command]?.reason ?? '',
    proofs(claims[command], cases.get(command)),
  ]
  const headings = ['command', 'verdict', 'why', 'proof']
  return [
    '# Conformance',
    introduction,
    summary([...classicCommands]),
    '## The classic commands',
    table(headings, classicCommands.map(commandRow)),
    '## Newer commands',
    table(headings, later.map(commandRow)),
    '## The human monitor',
    humanMonitorIntroduction,
    humanMonitorTable('command', commandTable, qemuCommands),
    humanMonitorTable('topic', infoTable, qemuTopics),
    '### Registers',
    'What `info registers` shows of a guest that stands at the same instruction.',
    table(['register', 'vmon', 'QEMU 7.2'], registerDifferences),
    '## What is refused',
    'With exit status 1 and the text that is given here.',
    table(
      ['what', 'asked for by', 'answer', 'why'],
      refusals.map(({ what, options, says, reason }) => [what, `\`${options.join(' ')}\``, says, reason]),
    ),
    '## Declared differences',
    rows.length === 0
      ? 'None: every recorded conversation that vmon can hold goes as with QEMU.'
      : `${differencesIntroduction}\n\n${differences(rows)}`,
    '## Differences elsewhere',
    'Decided differences that no recorded conversation shows.',
    table(
      ['where', 'vmon', 'QEMU 7.2', 'why'],
      elsewhere.map(({ where, vmon, qemu, reason }) => [where, vmon, qemu, reason]),
    ),
  ]
    .join('\n\n')
    .concat('\n')
}

const humanMonitorIntroduction = `QEMU's whole table for i386. **Refused** are commands that answer why they cannot be carried out; what is **pending**
is an unknown command until its family brings it. Help texts are equal for all that both have
([human-monitor.test.ts](../test/oracle/human-monitor.test.ts)).`

function humanMonitorTable(kind: 'command' | 'topic', entries: HmpTable, names: readonly string[]): string {
  const shown = kind === 'topic' ? 'info ' : ''
  return table(
    [kind === 'topic' ? 'topic of info' : 'command', 'verdict', 'why, or which family'],
    names.map((name) => {
      const { verdict, reason } = hmpClaim(entries, kind, name)
      return [`\`${shown}${name}\``, verdict, reason]
    }),
  )
}

const introduction = `How vmon compares with QEMU 7.2, command by command. \`npm run docs\` writes this page from what is declared in
\`test/conformance\`; tests hold the declarations against conversations recorded from QEMU (\`test/transcripts\`), which play on
vmon and on QEMU through the same runner.

- **exact**: no client can tell vmon's answers from QEMU's: words, order, events, errors.
- **equivalent**: the words differ, what they say does not.
- **divergent**: a client can tell, and that is decided.
- **pending**: vmon does not have the command yet, and answers \`CommandNotFound\`.

A number behind a recording says how many of its conversations use the command.`

const differencesIntroduction = `Recorded conversations that go differently on vmon, and why. **Foreign** are answers of QEMU for x86_64 that QEMU for i386
does not give either; a **pending** row waits for something that no command's or option's name tells.`

function summary(commands: readonly string[]): string {
  const verdicts = ['exact', 'equivalent', 'divergent', 'pending'].map((verdict) => {
    const count = commands.filter((command) => (claims[command]?.verdict ?? 'pending') === verdict).length
    return `${count} ${verdict}`
  })
  return `Of the ${commands.length} classic commands: ${verdicts.join(', ')}.`
}

function link(command: string): string {
  const page = Object.entries(families).find(([, family]) => Object.hasOwn(family.commands, command))?.[0]
  return page === undefined ? `\`${command}\`` : `[\`${command}\`](commands/${page}.md#${anchor(command)})`
}

/** Tests for what is claimed; recordings for what is pending, too: they are what it waits for. */
function proofs(claim: Claim | undefined, topics: ReadonlyMap<string, number> = new Map()): string {
  const tests = (claim?.tests ?? []).map((path) => `[${path.replace(/^.*\//, '')}](../${path})`)
  const recordings = [...topics].map(([topic, count]) => `[${topic}](../test/transcripts/${topic}.json) ${count}`)
  return [...tests, ...recordings].join(', ')
}

function differences(rows: readonly Row[]): string {
  return table(
    ['recording', 'conversation', 'steps', 'verdict', 'why'],
    rows.map(({ transcript, case: name, steps, kind, reason }) => [
      `[${transcript}](../test/transcripts/${transcript}.json)`,
      name,
      steps?.join(', ') ?? 'all',
      kind,
      reason,
    ]),
  )
}

function table(headings: readonly string[], lines: readonly (readonly string[])[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  return [headings, headings.map(() => '---'), ...lines].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n')
}
