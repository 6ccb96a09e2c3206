import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { after, test } from 'node:test'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, same, theirs } from './side-by-side.ts'

const skip = missingProgram('qemu-img')
const program = new URL('../../../../bin/vmon.js', import.meta.url).pathname
after(enterFolder())
mkdirSync('sub')
execFileSync('mkfifo', ['pipe'])
if (skip === false) {
  theirs('create', '-f', 'raw', 'sub/base', '1M')
  theirs('create', '-f', 'qcow2', '-b', 'base', '-F', 'raw', 'sub/mid')
  theirs('create', '-f', 'qcow2', '-b', 'mid', '-F', 'qcow2', 'sub/top')
}

test('an image is called by its file where options that lead there are its name', { skip }, async () => {
  for (const name of [
    'file:sub/top',
    'json:{"driver":"qcow2","file":{"driver":"file","filename":"sub/top"}}',
    'json:{"file.filename":"sub/top"}',
    'json:{"driver":"raw","offset":512,"file":{"driver":"file","filename":"sub/base"}}',
    'json:{"driver":"null-co","size":1024}',
    'json:{',
    'file:nix',
  ]) {
    await same('info', name)
    await same('info', '--output=json', name)
    await same('info', '--backing-chain', name)
  }
})

test('what a name behind file: looks like, it is not; names in an image are beside it', { skip }, async () => {
  theirs('create', '-f', 'raw', 'base', '1M')
  theirs('create', '-f', 'qcow2', '-b', 'base', '-F', 'raw', 'file:image:top')
  await same('info', 'file:image:top')
  await same('info', '--output=json', 'file:./image:top')
  const state = [{ event: 'read_aio', new_state: 42 }]
  const image = { driver: 'file', filename: 'sub/top' }
  const file = { driver: 'blkdebug', image, 'set-state': state }
  const { out } = await ours('info', `json:${JSON.stringify({ driver: 'qcow2', file })}`)
  assert.match(out, /^backing file: mid \(actual path: sub\/mid\)$/m)
})

test('snapshots that qemu-img makes count no instructions, and so do ours', { skip }, async () => {
  const made: string[] = []
  for (const run of [ours, theirs]) {
    theirs('create', '-f', 'qcow2', 'counted', '1M')
    assert.equal((await run('snapshot', '-c', 'one', 'counted')).status, 0)
    await same('snapshot', '-l', 'counted')
    made.push((await ours('snapshot', '-l', 'counted')).out.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, 'then'))
  }
  assert.equal(made[0], made[1])
  assert.match(made[0]!, / 0\n$/)
})

test('nobody waits for the other end of a pipe', { skip, timeout: 300_000 }, async () => {
  for (const line of [
    ['create', '-q', '-f', 'raw', 'pipe', '1M'],
    ['create', '-q', '-f', 'qcow2', 'pipe', '1M'],
    ['convert', '-n', '-O', 'raw', 'sub/base', 'pipe'],
    ['convert', '-O', 'qcow2', 'sub/base', 'pipe'],
    ['dd', 'if=sub/base', 'of=pipe'],
    ['resize', 'pipe', '2M'],
    ['commit', 'pipe'],
    ['rebase', '-u', '-b', '', 'pipe'],
  ]) {
    await same(...line)
  }
  // QEMU's waits for ever.
  const refusal = "vmon img: Could not open 'pipe': 'file' driver requires 'pipe' to be a regular file\n"
  assert.deepEqual(await ours('info', 'pipe'), { status: 1, out: '', error: refusal })
})

test('who has hung up gets no stack, and the command ends as it would', { timeout: 300_000 }, async () => {
  for (const words of [['img', 'measure', '--size', '1M'], ['img', '--help'], ['img', 'info', 'sub/base'], ['-help']]) {
    const vmon = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
    vmon.stdout.destroy()
    let complaint = ''
    vmon.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    const [status] = await once(vmon, 'close')
    assert.deepEqual([status, complaint], [words[1] === 'info' && skip !== false ? 1 : 0, ''])
  }
})

test('every command explains itself, and says what formats there are', async () => {
  const whole = await ours('--help')
  assert.match(whole.out, /\nSupported formats: (\S+ )*qcow2 (\S+ )*vpc\n$/)
  for (const command of ['create', 'convert', 'info', 'snapshot']) {
    for (const word of ['-h', '--help']) assert.deepEqual(await ours(command, word), whole)
  }
  assert.deepEqual(await ours('-help'), whole)
})

test('files that can neither be written nor removed are refused by name, in one line', async () => {
  for (const format of ['raw', 'qcow2']) {
    const { status, error } = await ours('create', '-q', '-f', format, '/proc/self/status', '1M')
    assert.equal(status, 1)
    assert.match(error, /^vmon img: \/proc\/self\/status: [^\n]+\n$/)
  }
})
