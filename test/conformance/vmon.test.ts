/**
 * vmon answers as QEMU was recorded. Where it does not, rows.ts says why. What waits for a command or an option is
 * pending: vmon must say that it lacks it, and the day it does not, the recording counts.
 */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { commandsOf } from '../oracle/case.ts'
import { vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { transcripts, unprepared } from '../oracle/transcripts.ts'
import { askCapabilities, type Capabilities } from './capabilities.ts'
import { claims } from './claims.ts'
import { missingOptions } from './missing-options.ts'
import { rows } from './rows.ts'
import { verdictOn } from './verdict.ts'

let capabilities: Capabilities
/** The commands of every step that went as recorded. */
const confirmed = new Set<string>()
before(async () => {
  capabilities = await askCapabilities()
})

for (const [topic, cases] of transcripts) {
  describe(`vmon answers as recorded in ${topic}`, { concurrency: 3 }, () => {
    for (const recorded of cases) {
      it(recorded.name, { skip: unprepared(recorded) }, async (t) => {
        const missing = missingOptions(recorded.setup, capabilities.options)
        if (missing.length > 0) {
          t.diagnostic(`pending: waits for ${missing.join(', ')}`)
          await refuses(recorded.setup, missing)
          return
        }
        const { result, complaints } = await verdictOn(topic, recorded, capabilities)
        const waits = new Set(result.steps.flatMap(({ waitsFor }) => waitsFor ?? []))
        if (waits.size > 0) {
          const pending = result.steps.filter(({ outcome }) => outcome === 'pending').length
          t.diagnostic(`pending: ${pending} of ${recorded.steps.length} steps wait for ${[...waits].join(', ')}`)
        }
        for (const { index, outcome } of result.steps) {
          const step = recorded.steps[index]
          if (step !== undefined && outcome === 'same') for (const command of commandsOf(step)) confirmed.add(command)
        }
        assert.deepEqual(complaints, [], complaints.join('\n'))
      })
    }
  })
}

/** A command line with options that vmon does not have ends with status 1 and the name of one of them. */
async function refuses(setup: readonly string[], missing: readonly string[]): Promise<void> {
  await using server = await Server.start([...vmon.command, ...setup])
  const { status, stderr } = await server.ended()
  assert.equal(status, 1, stderr)
  assert.ok(
    missing.some((option) => stderr.includes(option)),
    stderr,
  )
}

describe('the rows of differences', () => {
  it('each name a case that there is', () => {
    const strangers = rows.filter(
      (row) => !transcripts.get(row.transcript)?.some((recorded) => recorded.name === row.case),
    )
    assert.deepEqual(strangers, [])
  })
})

const skipped = [...transcripts.values()]
  .flat()
  .map(unprepared)
  .find((reason) => reason !== false)

it('every command that is said to be exact has answered as recorded', { skip: skipped ?? false }, () => {
  const unconfirmed = Object.entries(claims).filter(
    ([command, { verdict }]) => verdict === 'exact' && !confirmed.has(command),
  )
  assert.deepEqual(unconfirmed, [])
})
