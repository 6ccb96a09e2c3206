import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { demoFloppy } from '../../guests/demo.ts'
import {
  ConnectionLostError,
  connectQmp,
  DeadlineError,
  type RunningMachine,
  SerialTimeoutError,
  startMachine,
} from '../../src/index.ts'
import { startPrepared, withMachine } from '../../src/testing/index.ts'

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

test('two machines may be prepared for one state at once, and a third goes on from it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-prepared-'))
  try {
    let prepared = 0
    const start = () =>
      startPrepared(
        { accel: 'none', memory: 1 },
        { state: join(folder, 'state'), prepare: (vm) => vm.memory.write(0x500, Uint8Array.of(++prepared)) },
      )
    const machines: RunningMachine[] = await Promise.all([start(), start()])
    machines.push(await start())
    assert.equal(prepared, 2)
    assert.notEqual((await machines[2]!.memory.read(0x500, 1))[0], 0)
    for (const vm of machines) await vm.close()
    assert.deepEqual(await readdir(folder), ['state'])
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

test('a serial port is heard, waited for and written to in the process, beside what it is connected to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-serial-'))
  try {
    const fda = join(folder, 'boot.img')
    await writeFile(fda, demoFloppy())
    await using vm = await startMachine({ fda, boot: 'a', memory: 16, serial: `file:${join(folder, 'serial')}` })
    const com1 = vm.serial[0]!
    const lines = com1.lines()
    const [hello] = await com1.waitFor(/Hello from a PC.*/)
    assert.match((await lines.next()).value ?? '', /./)
    await com1.waitFor('right.')
    await com1.write('xyzzy')
    await com1.waitFor('xyzzy')
    await assert.rejects(com1.waitFor('plugh', { timeoutMs: 1 }), SerialTimeoutError)
    assert.ok(com1.text.includes(hello.trimEnd()))
    await vm.close()
    let left = 0
    for await (const _ of lines) left++
    assert.ok(left >= 1)
    assert.equal(await readFile(join(folder, 'serial'), 'latin1'), com1.text)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a machine goes on under the fake timers of a test', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] })
  await using vm = await startMachine({ memory: 16 })
  await vm.screen.waitFor('SeaBIOS')
  await vm.qmp.execute('stop')
  assert.equal((await vm.qmp.execute('query-status')).status, 'paused')
})
