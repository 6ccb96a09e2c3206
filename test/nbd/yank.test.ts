import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { connectQmp, startMachine } from '../../src/index.ts'
import { scratch } from './nbd-programs.ts'
import { ownServer } from './own-server.ts'

/** Stands before a server; from `hang()` on it swallows what clients say. */
async function hangingServer(
  path: string,
  behind: string,
): Promise<{ hang(): void; asked: Promise<void> } & AsyncDisposable> {
  const sockets: Socket[] = []
  let hanging = false
  let hear: () => void
  const asked = new Promise<void>((resolve) => (hear = resolve))
  const server = createServer((client) => {
    const link = connect(behind)
    sockets.push(client, link)
    for (const socket of [client, link]) socket.on('error', () => undefined)
    client.on('data', (bytes) => (hanging ? hear() : link.write(bytes)))
    link.on('data', (bytes) => client.write(bytes))
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return {
    hang: () => {
      hanging = true
    },
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

for (const delay of [0, 600]) {
  test(`yank fails the requests of a node whose server hangs (reconnect-delay=${delay})`, {
    timeout: 300_000,
  }, async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(65_536))
    const image = { driver: 'raw', 'file.driver': 'file', 'file.filename': files.path('disk') }
    await using _server = await ownServer(files.path('behind'), image)
    await using server = await hangingServer(files.path('s'), files.path('behind'))
    const said: string[] = []
    const hear = (text: string): void => void said.push(text)
    const vm = await startMachine(
      { accel: 'none', memory: 1, qmp: `unix:${files.path('qmp')},server=on,wait=off` },
      { print: hear, warn: hear },
    )
    try {
      const { qmp } = vm
      await using helper = await connectQmp(`unix:${files.path('qmp')}`, { enable: ['oob'] })
      await qmp.execute('blockdev-add', {
        driver: 'nbd',
        'node-name': 'remote',
        export: 'disk',
        'read-only': true,
        'reconnect-delay': delay,
        server: { type: 'unix', path: files.path('s') },
      })
      const instance = { type: 'block-node', 'node-name': 'remote' } as const
      const monitor = { type: 'chardev', id: 'compat_monitor0' }
      assert.deepEqual(await qmp.execute('query-yank'), [monitor, instance])
      server.hang()
      const read = qmp.execute('human-monitor-command', { 'command-line': 'qemu-io remote "read 0 512"' })
      await server.asked
      await helper.execute('yank', { instances: [instance] }, { outOfBand: true })
      await read
      const again = { 'command-line': 'qemu-io remote "read 0 512"' }
      await qmp.execute('human-monitor-command', again)
      assert.deepEqual(said, Array(2).fill('read failed: Input/output error'))
      assert.deepEqual(await qmp.execute('query-yank'), [monitor, instance])
      await qmp.execute('blockdev-del', { 'node-name': 'remote' })
      assert.deepEqual(await qmp.execute('query-yank'), [monitor])
      await assert.rejects(qmp.execute('yank', { instances: [instance] }), /Instance not found/)
    } finally {
      await vm[Symbol.asyncDispose]()
    }
  })
}
