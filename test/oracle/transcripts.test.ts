import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TranscriptCase } from './case.ts'
import type { Program } from './programs.ts'
import { type PlayResult, play } from './transcript.ts'
import { recordedFrom, transcripts, unprepared } from './transcripts.ts'

for (const [topic, cases] of transcripts) {
  const { command, skip } = recordedFrom(topic)
  describe(`QEMU answers as recorded in ${topic}`, { concurrency: 6 }, () => {
    for (const recorded of cases) {
      it(recorded.name, { skip: skip || unprepared(recorded) }, async (context) => {
        const { steps, failure, exit, leftovers } = await playUntilSame(recorded, command, (text) =>
          context.diagnostic(text),
        )
        assert.equal(failure, undefined, exit.stderr)
        const wrong = steps.filter(({ outcome }) => outcome !== 'same')
        assert.deepEqual(wrong, [], wrong.map(({ index, difference }) => `step ${index}:\n${difference}`).join('\n'))
        // A QEMU that is told to end within milliseconds of its first greeting does not catch the signal yet.
        if (exit.signal === 'SIGTERM') return
        assert.equal(exit.status, 0, exit.stderr)
        assert.deepEqual(leftovers.filter(isMonitor(recorded.setup)), [], 'socket files left behind')
      })
    }
  })
}

/**
 * Plays a case on QEMU, twice more if it differs: threads of QEMU's own race (a job that goes on while it is asked how
 * far it is), so a recording holds what QEMU may answer. Each repetition is told. vmon plays each case once.
 */
async function playUntilSame(
  recorded: TranscriptCase,
  command: Program['command'],
  tell: (text: string) => void,
): Promise<PlayResult> {
  for (let plays = 1; ; plays++) {
    const result = await play(recorded, { command })
    const same = result.failure === undefined && result.steps.every(({ outcome }) => outcome === 'same')
    if (same || plays === 3) return result
    tell(`QEMU answered otherwise than recorded in play ${plays} of ${recorded.name}`)
  }
}

/** QEMU removes the sockets of its monitors; those of VNC, and what a command has it listen on, such as an NBD server, stay. */
function isMonitor(setup: readonly string[]) {
  return (name: string) =>
    setup.some((word, index) => word.includes(name) && !['-vnc', '-spice'].includes(setup[index - 1] ?? ''))
}
