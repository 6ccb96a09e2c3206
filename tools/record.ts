/**
 * Records conversations with QEMU: plays the cases of a transcript on the QEMU that it was recorded from and writes down
 * what came. A new case needs `name`, `comment`, `setup`, `handshake` and `steps` with what is sent; the rest is
 * recorded.
 *
 *     node dist/tools/record.js [--case WORD] TRANSCRIPT ...
 *
 * TRANSCRIPT is a topic of test/transcripts. WORD picks the cases whose name holds it; the others stay as they are.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { loadTranscript } from '../test/oracle/case.ts'
import { record } from '../test/oracle/record.ts'
import { recordedFrom } from '../test/oracle/transcripts.ts'

const { values, positionals } = parseArgs({
  options: { case: { type: 'string', default: '' } },
  allowPositionals: true,
})
for (const topic of positionals) {
  const path = `test/transcripts/${topic}.json`
  const { command, skip } = recordedFrom(topic)
  if (skip) throw new Error(skip)
  const cases = []
  for (const wanted of loadTranscript(path)) {
    const again = wanted.name.includes(values.case)
    cases.push(again ? await record(wanted, command) : wanted)
    if (again) console.log(`recorded ${topic}: ${wanted.name}`)
  }
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  writeFileSync(path, `${JSON.stringify(cases, undefined, 1).replace(/[^\0-~]/g, escaped)}\n`)
}
