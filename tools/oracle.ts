/**
 * Plays recorded conversations against a server and prints where it differs.
 *
 *     node dist/tools/oracle.js [--on COMMAND] [--case WORD] [TRANSCRIPT ...]
 *
 * COMMAND is `bin/vmon.js` if absent, or for example qemu-system-x86_64. WORD picks the cases whose name holds it.
 * Exits with 1 if something differs.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { loadTranscript } from '../test/oracle/case.ts'
import { play } from '../test/oracle/transcript.ts'

const { values, positionals } = parseArgs({
  options: { on: { type: 'string', default: 'bin/vmon.js' }, case: { type: 'string', default: '' } },
  allowPositionals: true,
})
const transcripts = positionals.length > 0 ? positionals : ['protocol', 'args-errors', 'status']
const command = values.on.endsWith('.js') ? [process.execPath, resolve(values.on)] : [values.on]

let differing = 0
for (const transcript of transcripts) {
  const path = transcript.endsWith('.json') ? transcript : `test/transcripts/${transcript}.json`
  for (const recorded of loadTranscript(path).filter(({ name }) => name.includes(values.case))) {
    const wrong: string[] = []
    const { steps, failure, exit, leftovers } = await play(recorded, { command })
    for (const step of steps) if (step.outcome !== 'same') wrong.push(`  step ${step.index}\n${step.difference}`)
    if (failure) wrong.push(`  broke off: ${failure}`)
    if (exit.status !== 0) wrong.push(`  ended with ${exit.status ?? exit.signal}: ${exit.stderr}`)
    if (leftovers.length > 0) wrong.push(`  left behind: ${leftovers.join(', ')}`)
    console.log(`${wrong.length === 0 ? 'same     ' : 'different'} ${path} ${recorded.name}`)
    if (wrong.length > 0) console.log(wrong.join('\n'))
    differing += wrong.length > 0 ? 1 : 0
  }
}
process.exitCode = differing === 0 ? 0 : 1
