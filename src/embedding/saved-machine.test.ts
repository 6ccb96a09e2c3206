import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startMachine } from './start-machine.ts'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'vmon-saved-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

const options = { accel: 'none', memory: 16 } as const

describe('a saved machine', () => {
  it('continues in another one, and has stood still only while it was saved', async (t) => {
    const directory = await folder(t)
    const file = join(directory, 'state')
    {
      await using first = await startMachine(options)
      await first.machine.board.writePhysical(0x500000, Uint8Array.of(1, 2, 3))
      await first.machine.save(file)
      await first.machine.save(file) // replaces it
      assert.equal((await first.qmp.execute('query-status')).status, 'running')
      await first.machine.board.writePhysical(0x500000, Uint8Array.of(9))
    }
    assert.deepEqual(await readdir(directory), ['state'])
    await using second = await startMachine(options, { savedState: file })
    assert.deepEqual(await second.machine.board.readPhysical(0x500000, 4), Uint8Array.of(1, 2, 3, 0))
    assert.equal((await second.qmp.execute('query-status')).status, 'running')
  })

  it('leaves nothing behind where it cannot be saved', async (t) => {
    const directory = await folder(t)
    await using machine = await startMachine({ ...options, paused: true })
    await assert.rejects(machine.machine.save(join(directory, 'missing', 'state')), { code: 'ENOENT' })
    await assert.rejects(machine.machine.save(directory), { code: 'EISDIR' })
    assert.deepEqual(await readdir(directory), [])
    assert.equal((await machine.qmp.execute('query-status')).status, 'prelaunch')
  })

  it('is refused where it does not fit, and a file that is none everywhere', async (t) => {
    const directory = await folder(t)
    const file = join(directory, 'state')
    await using machine = await startMachine(options)
    await machine.machine.save(file)
    await assert.rejects(startMachine({ ...options, memory: 32 }, { savedState: file }), { kind: 'state' })
    await writeFile(file, (await readFile(file)).subarray(0, -3))
    await assert.rejects(startMachine(options, { savedState: file }), {
      kind: 'state',
      message: 'the saved board ends too early',
    })
    const none = join(directory, 'none')
    for (const [savedState, text] of [
      [none, 'No such file or directory'],
      [directory, 'Is a directory'],
    ] as const)
      await assert.rejects(startMachine(options, { savedState }), {
        name: 'ConfigError',
        message: `savedState ${savedState}: ${text}`,
      })
  })
})
