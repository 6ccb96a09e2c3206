/** How the process ends: by signal, by command, with what a client sees of it and what stays behind. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { PlainClient } from './plain-client.ts'

const options = ['-display', 'none', '-nodefaults', '-pidfile', 'pid', '-qmp', 'unix:qmp.sock,server=on,wait=off']

for (const { name, command, skip } of [qemu, vmon]) {
  describe(`${name} ends`, { skip, concurrency: 4 }, () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      it(`cleanly on ${signal}: an event, status 0, no socket and no pid file`, async () => {
        await using server = await Server.start([...command, ...options])
        await server.listening('qmp.sock')
        using client = await PlainClient.open(server.path('qmp.sock'))
        const { status } = await server.stop(signal)
        await client.closed
        assert.equal(status, 0)
        const [event, ...more] = client.events
        assert.deepEqual([event?.event, event?.data], ['SHUTDOWN', { guest: false, reason: 'host-signal' }])
        assert.deepEqual(more, [])
        assert.deepEqual(await readdir(server.directory), [])
      })
    }

    for (const [first, second] of [
      ['SIGTERM', 'SIGTERM'],
      ['SIGINT', 'SIGINT'],
      ['SIGTERM', 'SIGINT'],
    ] as const) {
      it(`as cleanly when ${second} comes on the heels of ${first}`, async () => {
        await using server = await Server.start([...command, ...options])
        await server.listening('qmp.sock')
        using client = await PlainClient.open(server.path('qmp.sock'))
        const [{ status, signal }] = await Promise.all([server.stop(first), server.stop(second)])
        await client.closed
        assert.deepEqual([status, signal], [0, null])
        assert.deepEqual(
          client.events.map(({ event }) => event),
          ['SHUTDOWN'],
        )
        assert.deepEqual(await readdir(server.directory), [])
      })
    }

    it('with an event on standard output, although standard input has been used up', async () => {
      const child = spawn(command[0]!, [...command.slice(1), '-display', 'none', '-nodefaults', '-qmp', 'stdio'])
      const ended = once(child, 'close')
      let said = ''
      child.stdin.end('{"execute":"qmp_capabilities"}{"execute":"query-name","id":1}')
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (text.includes('"id": 1')) child.kill('SIGTERM')
      })
      assert.deepEqual(await ended, [0, null])
      assert.match(said, /"event": "SHUTDOWN", "data": \{"guest": false, "reason": "host-signal"\}\}\r?\n$/)
    })

    it('cleanly on SIGTERM while stopped, under -no-shutdown, with a client in negotiation', async () => {
      await using server = await Server.start([...command, ...options, '-S', '-no-shutdown'])
      await server.listening('qmp.sock')
      using client = await PlainClient.open(server.path('qmp.sock'))
      assert.deepEqual(await client.execute('query-status'), {
        status: 'prelaunch',
        singlestep: false,
        running: false,
      })
      const { status } = await server.stop()
      await client.closed
      assert.equal(status, 0)
      assert.deepEqual(client.events[0]?.data, { guest: false, reason: 'host-signal' })
      assert.deepEqual(await readdir(server.directory), [])
    })
  })
}
