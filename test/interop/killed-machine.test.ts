/** A machine that ends as by a crash, at a client's wish: nobody is told, every connection breaks. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ConnectionLostError, connectQmp, startMachine } from '../../src/index.ts'
import { vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { PlainClient } from './plain-client.ts'

describe('a machine that is killed by a client', () => {
  it('breaks the connections of all its monitors, answers nobody, and ends its process with status 1', async () => {
    const sockets = ['-qmp', 'unix:qmp.sock,server=on,wait=off', '-monitor', 'unix:hmp.sock,server=on,wait=off']
    await using server = await Server.start([...vmon.command, '-accel', 'none', '-nodefaults', ...sockets])
    await server.listening('qmp.sock')
    const [killer, other] = [
      await PlainClient.open(server.path('qmp.sock')),
      await PlainClient.open(server.path('qmp.sock')),
    ]
    const human = connect(server.path('hmp.sock'))
    await once(human, 'data')
    const humanClosed = once(human.resume(), 'close')
    killer.write({ execute: '__org.vmon_kill', id: 'last' })
    await Promise.all([killer.closed, other.closed, humanClosed])
    assert.deepEqual([...killer.events, ...other.events], [])
    assert.ok(!killer.messages.some(({ id }) => id === 'last'))
    assert.equal((await server.ended()).status, 1)
  })

  it('leaves its pid file and its sockets behind', async () => {
    const sockets = ['qmp.sock', 'serial.sock', 'vnc.sock']
    const [qmp, serial, vnc] = sockets
    await using server = await Server.start([
      ...[...vmon.command, '-accel', 'none', '-nodefaults', '-pidfile', 'pid', '-vnc', `unix:${vnc}`],
      ...['-qmp', `unix:${qmp},server=on,wait=off`, '-serial', `unix:${serial},server=on,wait=off`],
    ])
    await server.listening(vnc!)
    await server.listening(qmp!)
    const killer = await PlainClient.open(server.path(qmp!))
    killer.write({ execute: '__org.vmon_kill' })
    assert.equal((await server.ended()).status, 1)
    const left = await readdir(server.directory)
    assert.deepEqual(left.sort(), ['pid', ...sockets].sort())
  })

  it('takes the forks of its process with it in the same way', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vmon-killed-'))
    try {
      const socket = join(folder, 'second.sock')
      const vm = await startMachine({ accel: 'none', memory: 1 })
      await vm.qmp.execute('__org.vmon_fork', { qmp: `unix:${socket},server=on,wait=off` })
      const second = await connectQmp(socket)
      const events = second.events({ names: ['SHUTDOWN'] })
      await assert.rejects(vm.qmp.execute('__org.vmon_kill'), ConnectionLostError)
      await second.closed
      assert.equal((await events.next()).done, true)
      assert.deepEqual(await vm.machine.ended, { reason: 'host-error', failed: true })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
