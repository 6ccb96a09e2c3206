import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from './transcript.ts'
import { recordedFrom, transcripts, unprepared } from './transcripts.ts'

for (const [topic, cases] of transcripts) {
  const { command, skip } = recordedFrom(topic)
  describe(`QEMU answers as recorded in ${topic}`, { concurrency: 6 }, () => {
    for (const recorded of cases) {
      it(recorded.name, { skip: skip || unprepared(recorded) }, async () => {
        const { steps, failure, exit, leftovers } = await play(recorded, { command })
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

/** QEMU removes the sockets of its monitors; what a command has it listen on, such as an NBD server, stays. */
function isMonitor(setup: readonly string[]) {
  return (name: string) => setup.some((word) => word.includes(name))
}
