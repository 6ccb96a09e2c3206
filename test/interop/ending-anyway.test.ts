/** A signal ends every process, whatever it waits for: in less time than a person would wait before killing it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { PlainClient } from './plain-client.ts'

const monitor = ['-qmp', 'unix:qmp.sock,server=on,wait=off']
const quiet = ['-display', 'none', '-nodefaults']
const plain = ['-accel', 'none', ...quiet]

/** A process in a folder with a named pipe that nobody reads or writes. */
async function start(t: TestContext, ...words: readonly string[]): Promise<Server> {
  const server = await Server.start([...vmon.command, ...words], ['mkfifo fifo'])
  t.after(() => server[Symbol.asyncDispose]())
  return server
}

/** It ends by itself, not by the signal that comes after ten seconds; what it listened on is gone. */
async function ends(server: Server, status: number, said = ''): Promise<void> {
  const exit = await server.stop()
  assert.deepEqual([exit.status, exit.signal], [status, null], exit.stderr)
  assert.equal(exit.stderr, `vmon: terminating on signal 15\n${said}`)
  assert.deepEqual(
    (await readdir(server.directory)).filter((name) => name.endsWith('.sock') || name === 'pid'),
    [],
  )
}

const interrupted = 'vmon: the start was interrupted\n'

/** A web server that takes requests, and answers the first so many bytes of a file that it says to have. */
async function slowServer(
  t: TestContext,
  served: number,
): Promise<{ readonly url: string; asked(): Promise<unknown> }> {
  const server = createHttpServer((request, response) => {
    server.emit('asked')
    const headers = { 'content-length': 1 << 20, 'accept-ranges': 'bytes' }
    if (served > 0 && request.method === 'HEAD') response.writeHead(200, headers).end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/disk`, asked: () => once(server, 'asked') }
}

describe('SIGTERM ends a process', { concurrency: 3 }, () => {
  it('that waits for a client', async (t) => {
    const server = await start(t, ...plain, '-pidfile', 'pid', '-qmp', 'unix:qmp.sock,server=on,wait=on')
    // The client would be the one that is waited for.
    while (!(await readdir(server.directory)).includes('qmp.sock')) await pause(5)
    const exit = await server.stop()
    assert.equal(exit.status, 1)
    assert.match(
      exit.stderr,
      /waiting for connection on: .*\nvmon: terminating on signal 15\nvmon: the start was interr/,
    )
    assert.deepEqual(await readdir(server.directory), ['fifo'])
  })

  it('that waits for a web server to tell of an image', async (t) => {
    const web = await slowServer(t, 0)
    const asked = web.asked()
    const server = await start(t, ...plain, ...monitor, '-drive', `file=${web.url},readonly=on`)
    await asked
    await ends(server, 1, interrupted)
  })

  it('whose client waits for a web server, and whose other client does not read', async (t) => {
    const web = await slowServer(t, 0)
    const server = await start(t, ...plain, ...monitor, '-pidfile', 'pid')
    await server.listening('qmp.sock')
    using client = await PlainClient.open(server.path('qmp.sock'))
    const deaf = connect(server.path('qmp.sock')).pause()
    t.after(() => deaf.destroy())
    deaf.on('error', () => undefined)
    for (let times = 0; times < 200; times++) deaf.write('{"execute":"qmp_capabilities"}{"execute":"query-qmp-schema"}')
    const asked = web.asked()
    client.write({ execute: 'blockdev-add', arguments: { driver: 'http', 'node-name': 'n', url: web.url } })
    await asked
    await ends(server, 0)
  })

  it('that is to end by quit, and waits for a web server', async (t) => {
    const web = await slowServer(t, 0)
    const server = await start(t, ...plain, ...monitor)
    await server.listening('qmp.sock')
    using client = await PlainClient.open(server.path('qmp.sock'))
    using other = await PlainClient.open(server.path('qmp.sock'))
    const asked = web.asked()
    client.write({ execute: 'blockdev-add', arguments: { driver: 'http', 'node-name': 'n', url: web.url } })
    await asked
    other.write({ execute: 'quit' })
    assert.deepEqual(await server.ended(), { status: 0, signal: null, stderr: '' })
  })

  it('whose guest waits for a web server', async (t) => {
    const web = await slowServer(t, 2)
    const asked = web.asked()
    const image = `driver=http,readonly=on,readahead=512,url=${web.url}`
    const server = await start(t, ...quiet, ...monitor, '-drive', `if=ide,media=cdrom,${image}`)
    await server.listening('qmp.sock')
    await asked
    await ends(server, 0)
  })

  it('that serves a machine whose board is not built yet', async (t) => {
    const server = await start(t, ...quiet, ...monitor)
    await server.listening('qmp.sock')
    await ends(server, 0)
  })

  it('whose guest has its thread in one instruction for hours', async (t) => {
    const server = await start(t, '-version')
    await server.ended()
    await writeFile(server.path('fd.raw'), longCopy())
    const child = await Server.start([
      ...vmon.command,
      ...[...quiet, ...monitor, '-drive', `if=floppy,format=raw,file=${server.path('fd.raw')}`, '-d', 'firmware'],
    ])
    t.after(() => child[Symbol.asyncDispose]())
    await child.said(/Booting from Floppy/)
    const exit = await child.stop()
    assert.deepEqual([exit.status, exit.signal], [0, null])
    assert.deepEqual(await readdir(child.directory), [])
  })

  for (const [what, words] of [
    ['its pid file is', ['-pidfile', 'fifo']],
    ['its log is', ['-D', 'fifo', '-d', 'qmp']],
    ['a serial port is', ['-serial', 'file:fifo']],
    ['a character device is', ['-chardev', 'pipe,id=c,path=fifo']],
    ['a password is', ['-object', 'secret,id=s,file=fifo']],
    ['the firmware is', ['-bios', 'fifo']],
    ['the kernel is', ['-kernel', 'fifo']],
    ['a disk is', ['-drive', 'file=fifo,format=raw']],
  ] as const) {
    it(`although ${what} a pipe of which nobody has the other end`, async (t) => {
      const server = await start(t, ...plain, ...words)
      await Promise.race([server.exited, pause(300)]) // what it would wait in, it waits in by then, or the test proves less
      const exit = await server.stop()
      assert.notEqual(exit.signal, 'SIGKILL', exit.stderr)
      assert.doesNotMatch(exit.stderr, /\n {4}at /)
    })
  }

  for (const [command, more] of [
    ['pmemsave', { val: 0, size: 4096, filename: 'fifo' }],
    ['screendump', { filename: 'fifo' }],
    ['dump-guest-memory', { paging: false, protocol: 'file:fifo' }],
    ['xen-save-devices-state', { filename: 'fifo' }],
    ['migrate', { uri: 'file:fifo' }],
    ['human-monitor-command', { 'command-line': 'logfile fifo' }],
  ] as const) {
    it(`although ${command} writes into a pipe that nobody reads`, async (t) => {
      const server = await start(t, ...plain, '-vga', 'std', ...monitor)
      await server.listening('qmp.sock')
      using client = await PlainClient.open(server.path('qmp.sock'))
      client.write({ execute: command, arguments: more })
      await pause(300) // what it would wait in, it waits in by then, or the test proves less
      await ends(server, 0)
    })
  }

  it('whose image does not take what was written to it: it says so', async (t) => {
    const failing = 'driver=blkdebug,node-name=d,image.driver=file,image.filename=img,inject-error.0.event=l2_update'
    const server = await Server.start(
      [
        ...[...vmon.command, 'storage', '--blockdev', failing, '--blockdev', 'driver=qcow2,node-name=q,file=d'],
        ...['--nbd-server', 'addr.type=unix,addr.path=nbd.sock'],
        ...['--export', 'type=nbd,id=e,node-name=q,writable=on'],
      ],
      [`${vmon.command.join(' ')} img create -q -f qcow2 img 1M`],
    )
    t.after(() => server[Symbol.asyncDispose]())
    await server.listening('nbd.sock')
    const url = `nbd+unix:///q?socket=${server.path('nbd.sock')}`
    const written = spawnSync(vmon.command[0]!, [
      ...[...vmon.command.slice(1), 'io', '-f', 'raw', '-t', 'writeback', '-c', 'write 0 64k', url],
    ])
    assert.match(String(written.stdout), /wrote 65536/)
    const exit = await server.stop()
    assert.deepEqual(exit, { status: 1, signal: null, stderr: 'vmon storage: Input/output error\n' })
  })

  it('that converts an image which does not come', async (t) => {
    const web = await slowServer(t, 1)
    const asked = web.asked()
    const server = await start(t, 'img', 'convert', '-O', 'raw', web.url, 'copy.raw')
    await asked
    assert.equal((await server.stop()).signal, 'SIGTERM')
  })

  it('that is to serve an image of a server which says nothing', async (t) => {
    const silent = createServer()
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const open: Socket[] = []
    silent.on('connection', (socket) => open.push(socket))
    t.after(() => {
      for (const socket of open) socket.destroy()
      silent.close()
    })
    const connected = once(silent, 'connection')
    const node = `driver=nbd,node-name=n,server.type=inet,server.host=127.0.0.1,server.port=${(silent.address() as AddressInfo).port}`
    const server = await start(t, 'storage', '--pidfile', 'pid', '--blockdev', node)
    await connected
    const exit = await server.stop()
    assert.deepEqual(exit, { status: 1, signal: null, stderr: 'vmon storage: the start was interrupted\n' })
    assert.deepEqual(await readdir(server.directory), ['fifo'])
  })

  it('that converses with a server which says nothing', async (t) => {
    const connections: Socket[] = []
    const silent = createServer((socket) => connections.push(socket))
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    t.after(() => {
      for (const socket of connections) socket.destroy()
      silent.close()
    })
    const connected = once(silent, 'connection')
    const server = await start(t, 'shell', `127.0.0.1:${(silent.address() as AddressInfo).port}`, 'query-name')
    await connected
    assert.equal((await server.stop()).signal, 'SIGTERM')
  })
})

/**
 * A floppy whose boot sector goes to protected mode and copies 16 GiB with one instruction: `rep movsd` from 0 to
 * 80000000h, where nothing is, with FFFFFFFFh in ECX; and again.
 */
function longCopy(): Uint8Array {
  const floppy = Buffer.alloc(1474560)
  const code =
    'fa31c08ed80f0116507c0f20c00c010f22c0ea177c080066b810008ed88e' +
    'c0be00000000bf00000080b9fffffffff3a5ebe590909090909000000000' +
    '00000000ffff0000009acf00ffff00000092cf001700387c0000'
  floppy.write(code, 'hex')
  floppy.writeUInt16LE(0xaa55, 510)
  return floppy
}
