import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { commands } from '../../src/commands/index.ts'
import { commandsOf, loadTranscripts } from '../oracle/case.ts'
import { claims, classicCommands } from './claims.ts'
import { casesByCommand } from './evidence.ts'
import { conformancePage } from './page.ts'
import { type Row, rows } from './rows.ts'

const transcripts = loadTranscripts(fileURLToPath(new URL('../../../test/transcripts/', import.meta.url)))
const cases = casesByCommand(transcripts)

describe('what is claimed of the commands', () => {
  it('is claimed of exactly those that there are', () => {
    assert.deepEqual(Object.keys(claims).sort(), Object.keys(commands).sort())
  })

  it('has a reason wherever it is not exact', () => {
    const unexplained = Object.entries(claims).filter(([, { verdict, reason }]) => (verdict === 'exact') === !!reason)
    assert.deepEqual(unexplained, [])
  })

  it('is proved by a recording or by a test that exists', () => {
    for (const [command, { tests = [] }] of Object.entries(claims)) {
      assert.ok(cases.has(command) || tests.length > 0, `nothing proves ${command}`)
      for (const path of tests)
        assert.ok(existsSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url))), `${path} is no test`)
    }
  })

  it('is not exact where a difference is declared', () => {
    const contradicted = rows.flatMap((row) => differing(row).filter((command) => claims[command]?.verdict === 'exact'))
    assert.deepEqual(contradicted, [])
  })

  it('counts the 85 commands of the classic protocol', () => {
    assert.equal(new Set(classicCommands).size, 85)
  })
})

/** The commands that a declared difference is about: those of the steps that differ. */
function differing({ transcript, case: name, steps, kind, subject }: Row): readonly string[] {
  if (kind === 'pending' || kind === 'foreign' || subject !== undefined) return []
  const recorded = transcripts.get(transcript)?.find((candidate) => candidate.name === name)
  return (recorded?.steps ?? []).flatMap((step, index) => (steps?.includes(index) === false ? [] : commandsOf(step)))
}

describe('the page', () => {
  it('lists every command once, with its verdict, and every declared difference', () => {
    const row: Row = { transcript: 'status', case: 'a | b', steps: [1, 2], kind: 'divergent', reason: 'because' }
    const page = conformancePage({ transcripts, rows: [row] })
    const [ofQmp] = page.split('## The human monitor') // which has commands of the same names
    for (const command of [...classicCommands, ...Object.keys(claims)]) {
      const lines = ofQmp!.split('\n').filter((line) => line.includes(`\`${command}\``) && line.startsWith('|'))
      assert.equal(lines.length, 1, command)
      assert.ok(lines[0]!.includes(`| ${claims[command]?.verdict ?? 'pending'} |`), lines[0])
    }
    assert.ok(page.includes('| [status](../test/transcripts/status.json) | a \\| b | 1, 2 | divergent | because |'))
  })
})
