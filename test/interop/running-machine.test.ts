import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConnectionLostError, connectQmp, DeadlineError, startMachine } from '../../src/index.ts'
import { withMachine } from '../../src/testing/index.ts'

test('replies equal literals', () =>
  withMachine(async ({ qmp }) => {
    assert.deepStrictEqual(await qmp.execute('query-kvm'), { enabled: false, present: false })
  }))

test('a picture of the screen is a PNG file', () =>
  withMachine(async (vm) => {
    assert.equal(Buffer.from(await vm.screenshot()).toString('latin1', 1, 4), 'PNG')
  }))

test('a machine that is killed breaks connections, and says nothing of its end', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-kill-'))
  try {
    const socket = join(folder, 'qmp')
    const vm = await startMachine({ accel: 'none', qmp: `unix:${socket},server=on,wait=off` })
    await using client = await connectQmp(socket)
    const events = client.events()
    await vm.kill()
    await assert.rejects(client.execute('query-status'), ConnectionLostError)
    assert.equal((await events.next()).done, true)
    await vm.machine.ended
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a server that does not greet is given up after the time that was said', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await assert.rejects(connectQmp(`127.0.0.1:${port}`, { timeoutMs: 50 }), DeadlineError)
  server.close()
})

test('two machines may be saved to one file at once; what is no file is not replaced', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-save-'))
  try {
    const state = join(folder, 'state')
    await using one = await startMachine({ accel: 'none', memory: 1 })
    await using other = await startMachine({ accel: 'none', memory: 1 })
    await Promise.all([one.machine.save(state), other.machine.save(state)])
    assert.deepEqual(await readdir(folder), ['state'])
    await assert.rejects(one.machine.save('/dev/null'), { code: 'EINVAL' })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('memory is read where there are addresses', () =>
  withMachine(async ({ memory }) => {
    await assert.rejects(memory.read(-1, 1), RangeError)
    await assert.rejects(memory.read(2 ** 32 - 1, 2), RangeError)
    await assert.rejects(memory.read(0, 1.5), RangeError)
    assert.equal((await memory.read(0, 4)).length, 4)
  }))
