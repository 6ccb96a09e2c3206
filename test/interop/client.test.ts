/** The typed client against vmon and against QEMU: the same tests on both. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CommandError, ConnectionLostError, connectQmp, type QmpClient } from '../../src/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { Server } from '../oracle/server.ts'

const servers = {
  vmon: { command: [process.execPath, resolve('bin/vmon.js'), '-accel', 'none'], skip: false },
  'QEMU 7.2': { command: ['qemu-system-i386'], skip: missingProgram('qemu-system-i386') },
} as const

async function connected(t: TestContext, command: readonly string[]): Promise<QmpClient> {
  const args = ['-S', '-nodefaults', '-display', 'none', '-qmp', 'unix:qmp.sock,server=on,wait=off']
  const server = await Server.start([...command, ...args])
  t.after(() => server[Symbol.asyncDispose]())
  for (;;) {
    try {
      const client = await connectQmp(`unix:${server.path('qmp.sock')}`, { enable: ['oob'] })
      t.after(() => client.close())
      return client
    } catch (error) {
      if (server.gone.aborted)
        throw new Error(`the server has ended: ${(await server.exited).stderr}`, { cause: error })
      await new Promise((retry) => setTimeout(retry, 10)) // it does not listen yet
    }
  }
}

for (const [name, { command, skip }] of Object.entries(servers)) {
  test(`on ${name}, commands are answered, refused, and tell events in their order`, { skip }, async (t) => {
    const client = await connected(t, command)
    assert.equal(client.greeting.version.qemu.major, 7)
    const events = client.events()
    assert.equal((await client.execute('query-status')).status, 'prelaunch')
    await client.execute('cont')
    assert.equal((await client.execute('query-status')).running, true)
    await client.execute('stop')
    await assert.rejects(
      client.execute('memsave', { val: 0, size: 1, filename: '/nonexistent/x' }),
      (error) =>
        error instanceof CommandError && error.message === "Could not open '/nonexistent/x': No such file or directory",
    )
    await client.execute('quit')
    await client.closed
    const seen: string[] = []
    for await (const { event } of events) seen.push(event)
    assert.deepEqual(seen, ['RESUME', 'STOP', 'SHUTDOWN'])
    await assert.rejects(client.execute('query-status'), ConnectionLostError)
  })

  test(`on ${name}, a hundred calls at once each get their own answer`, { skip }, async (t) => {
    const client = await connected(t, command)
    const calls = Array.from({ length: 100 }, (_, index) =>
      index % 2 === 0
        ? client.execute('query-status')
        : client.executeAny(`nosuch-${index}`).catch((error: Error) => error.message),
    )
    for (const [index, answer] of (await Promise.all(calls)).entries()) {
      if (index % 2 === 0) assert.equal((answer as { status: string }).status, 'prelaunch')
      else assert.equal(answer, `The command nosuch-${index} has not been found`)
    }
  })
}
