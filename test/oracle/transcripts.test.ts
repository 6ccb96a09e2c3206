import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadTranscripts } from './case.ts'
import { missingProgram } from './peers.ts'
import { play } from './transcript.ts'

/** The program that each transcript was recorded from, where that is not QEMU for x86_64. */
const recordedFrom: Readonly<Record<string, string>> = { i386: 'qemu-system-i386' }

const folder = new URL('../../../test/transcripts/', import.meta.url).pathname

for (const [topic, cases] of loadTranscripts(folder)) {
  const qemu = recordedFrom[topic] ?? 'qemu-system-x86_64'
  describe(`QEMU answers as recorded in ${topic}`, { concurrency: 6 }, () => {
    for (const recorded of cases) {
      const skip = missingProgram(
        qemu,
        ...(recorded.prepare?.some((line) => line.includes('qemu-img')) ? ['qemu-img'] : []),
      )
      it(recorded.name, { skip }, async () => {
        const { steps, exit, leftovers } = await play(recorded, { command: [qemu] })
        const wrong = steps.filter(({ outcome }) => outcome !== 'same')
        assert.deepEqual(wrong, [], wrong.map(({ index, difference }) => `step ${index}:\n${difference}`).join('\n'))
        // A QEMU that is told to end within milliseconds of its first greeting does not catch the signal yet.
        if (exit.signal === 'SIGTERM') return
        assert.equal(exit.status, 0, exit.stderr)
        assert.deepEqual(leftovers, [], 'socket files left behind')
      })
    }
  })
}
