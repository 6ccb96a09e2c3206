/**
 * The recorded conversations on a machine that lacks what a process usually has: descriptors, /proc, memory. Where it has
 * enough for the conversation, the answers are as recorded; where it has not, it tells so, and goes on.
 *
 * VMON_HARDSHIP=all plays every recording under each of them; a part of them otherwise.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { askCapabilities, type Capabilities } from '../conformance/capabilities.ts'
import { missingOptions } from '../conformance/missing-options.ts'
import { verdictOn } from '../conformance/verdict.ts'
import { vmon } from '../oracle/programs.ts'
import { play } from '../oracle/transcript.ts'
import { transcripts, unprepared } from '../oracle/transcripts.ts'

const all = process.env['VMON_HARDSHIP'] === 'all'
/** One case in so many is played, each time another one of them. */
const oneIn = 24

/** vmon, started by a shell that has done something to itself. */
const after = (line: string): readonly string[] => ['/bin/sh', '-c', `${line} && exec "$@"`, 'sh', ...vmon.command]

/** In a name space of its own where /proc is empty; where that is not allowed, what reads from it is told that it is. */
const withoutProc =
  spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/proc']).status === 0
    ? ['unshare', '-m', ...after('mount -t tmpfs none /proc')]
    : after(
        `export NODE_OPTIONS=--require=${fileURLToPath(new URL('../../../test/faults/no-proc.cjs', import.meta.url))}`,
      )

/** So little that the conversation works all the same. */
const enough: readonly (readonly [what: string, command: readonly string[]])[] = [
  ['64 descriptors', after('ulimit -n 64')],
  ['no /proc', withoutProc],
  ['48 MiB for JavaScript', after('export NODE_OPTIONS=--max-old-space-size=48')],
]

/** So little that it does not, everywhere. */
const tooLittle: readonly (readonly [what: string, command: readonly string[]])[] = [
  ['26 descriptors', after('ulimit -n 26')],
  ['no memory for a guest', after('ulimit -v 6000000')],
]

const cases = [...transcripts].flatMap(([topic, some]) => some.map((recorded) => ({ topic, recorded })))
const playable = cases.filter(({ recorded }) => unprepared(recorded) === false)

/** Those to play in a run: all, or some that differ from those of another hardship. */
function chosen(place: number): typeof playable {
  return all ? playable : playable.filter((_, index) => index % oneIn === (place * 7) % oneIn)
}

let capabilities: Capabilities
before(async () => {
  capabilities = await askCapabilities()
})

for (const [place, [what, command]] of enough.entries()) {
  describe(`with ${what}, vmon answers as recorded`, { concurrency: 2 }, () => {
    for (const { topic, recorded } of chosen(place)) {
      it(`${topic}: ${recorded.name}`, async () => {
        if (missingOptions(recorded.setup, capabilities.options).length > 0) return
        const { result, complaints } = await verdictOn(topic, recorded, capabilities, command)
        assert.deepEqual(complaints, [], `${complaints.join('\n')}\n${result.exit.stderr}`)
        assert.doesNotMatch(result.exit.stderr, stack)
      })
    }
  })
}

/** Where Node tells what it was doing. */
const stack = /\n {4}at /

for (const [place, [what, command]] of tooLittle.entries()) {
  describe(`with ${what}, vmon answers or says why it does not start, and ends when it is told to`, {
    concurrency: 2,
  }, () => {
    for (const { topic, recorded } of chosen(place + enough.length)) {
      it(`${topic}: ${recorded.name}`, async () => {
        // Nobody waits long for what does not come: each step may differ.
        const { exit } = await play(recorded, { command, differs: () => true })
        assert.doesNotMatch(exit.stderr, stack)
        assert.ok(exit.status === 0 || exit.status === 1, exit.stderr)
        if (exit.status === 1) assert.match(exit.stderr, /^vmon: /m)
      })
    }
  })
}
