import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

/** Runs a process that does not end by itself. @returns how it ended */
async function run(script: string): Promise<{ status: number | null; out: string; error: string }> {
  const from = JSON.stringify(new URL('./end-process.js', import.meta.url).href)
  const program = `import { endProcessIn } from ${from}; setInterval(() => {}, 1e9); ${script}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, error, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { status, out, error }
}

test('a process that is not to wait any longer saves what would be lost, and ends', async () => {
  const save = `async () => {
    await new Promise((resolve) => setTimeout(resolve, 700))
    process.stdout.write('saved')
    return []
  }`
  assert.deepEqual(await run(`endProcessIn(100, () => 3, { save: ${save} })`), { status: 3, out: 'saved', error: '' })
  assert.deepEqual(await run('endProcessIn(100, () => 0)'), { status: 0, out: '', error: '' })
})

test('a process that cannot save says so, and its status', async () => {
  assert.deepEqual(await run("endProcessIn(100, () => 0, { save: async () => [new Error('No space left')] })"), {
    status: 1,
    out: '',
    error: 'vmon: No space left\n',
  })
  assert.deepEqual(await run('endProcessIn(100, () => 0, { save: () => new Promise(() => {}), limit: 300 })'), {
    status: 1,
    out: '',
    error: 'vmon: Images did not get in time what was written to them\n',
  })
})

test('an end that is called off does not come, nor while something is saved', async () => {
  const script = `
    endProcessIn(100, () => 3)()
    const callOff = endProcessIn(100, () => 4, { save: async () => (callOff(), []), limit: 200 })
    setTimeout(() => process.exit(5), 800)`
  assert.deepEqual(await run(script), { status: 5, out: '', error: '' })
})
