import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import type { RunningMachine } from '../embedding/index.ts'
import { machineFixture } from './machine-for.ts'

const door = JSON.stringify(new URL('index.js', import.meta.url).href)

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-fixture-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

const png = async (path: string): Promise<string> => (await readFile(path)).toString('latin1', 1, 4)

describe('a machine for a test of node:test', () => {
  const program = `
import assert from 'node:assert/strict'
import test from 'node:test'
import { machineFor } from ${door}
const machines = []
const start = async (t, options) => {
  const vm = await machineFor(t, { accel: 'none' }, options)
  machines.push(vm)
  return vm
}
test('passes', async (t) => void (await start(t)))
test('fails: a/b', async (t) => {
  await start(t)
  throw new Error('as it should')
})
test('fails and leaves nothing', async (t) => {
  await start(t, { failures: false })
  throw new Error('as it should')
})
test('fails when its machine has gone', async (t) => {
  await (await start(t, { failures: 'gone' })).kill()
  throw new Error('as it should')
})
test('überall', async (t) => {
  await start(t, { failures: 'inner' })
  await start(t, { failures: 'inner' })
  await t.test('passes', () => undefined)
  await t.test('child', (child) => child.test('fails', () => assert.fail('as it should')))
})
test('every machine has ended', async () => {
  assert.equal(machines.length, 6)
  for (const vm of machines) await vm.machine.ended
})
`

  it('ends with it, and leaves a picture and the text of its screen where the test fails', async (t) => {
    const folder = await folderFor(t)
    await writeFile(join(folder, 'machines.test.mjs'), program)
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const run = promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap', 'machines.test.mjs'], {
      cwd: folder,
      env,
    })
    const { stdout } = await run.then(
      () => assert.fail('no test has failed'),
      (error: { stdout: string }) => error,
    )
    assert.match(stdout, /^# pass 3$/m, stdout)
    assert.match(stdout, /^# fail 6$/m)
    assert.match(stdout, /the machine's screen: vmon-failures\/fails-a-b\.png/)
    assert.deepEqual((await readdir(join(folder, 'vmon-failures'))).sort(), ['fails-a-b.png', 'fails-a-b.txt'])
    assert.equal(await png(join(folder, 'vmon-failures', 'fails-a-b.png')), 'PNG')
    assert.match(await readFile(join(folder, 'vmon-failures', 'fails-a-b.txt'), 'utf8'), /^screen:\n/)
    assert.deepEqual(
      (await readdir(join(folder, 'inner'))).map((name) => name.normalize('NFC')).sort(),
      ['überall-2.png', 'überall-2.txt', 'überall.png', 'überall.txt'],
      'what failed is inside, and there are two machines',
    )
    assert.match((await readdir(join(folder, 'gone'))).join(), /fails-when-its-machine-has-gone\.txt/)
  })
})

describe('a machine as a fixture', () => {
  /** Does with a fixture what Vitest does: it goes on behind `use` when the test has ended, however it did. */
  async function play(failures: string, state: 'pass' | 'fail'): Promise<RunningMachine> {
    const task: { name: string; result?: { state: string } } = { name: `ends with ${state}` }
    let used: RunningMachine | undefined
    await machineFixture({ accel: 'none' }, { failures })({ task }, async (machine) => {
      await machine.qmp.execute('stop')
      used = machine
      task.result = { state }
    })
    return used!
  }

  it('leaves files beside those that are there, with names that are not too long', async (t) => {
    const folder = await folderFor(t)
    const names = ['один', '一'.repeat(200), 'a/b', 'a b', '..'].map((name) => `${name}!`)
    for (const name of names) await using(name, folder)
    const found = (await readdir(folder)).sort()
    assert.equal(found.length, 2 * names.length)
    for (const name of ['один-', 'a-b-', 'a-b--2', '..-', '一'.repeat(66)])
      for (const suffix of ['png', 'txt']) assert.ok(found.includes(`${name}.${suffix}`), name)
    async function using(name: string, failures: string): Promise<void> {
      t.mock.method(console, 'warn', () => undefined)
      const task = { name, result: { state: 'fail' } }
      await machineFixture({ accel: 'none' }, { failures })({ task }, async () => undefined)
    }
  })

  it('ends with its test, and leaves a picture where that fails', async (t) => {
    const folder = await folderFor(t)
    t.mock.method(console, 'warn', () => undefined)
    for (const state of ['pass', 'fail'] as const) await (await play(folder, state)).machine.ended
    assert.deepEqual((await readdir(folder)).sort(), ['ends-with-fail.png', 'ends-with-fail.txt'])
    assert.equal(await png(join(folder, 'ends-with-fail.png')), 'PNG')
  })
})
