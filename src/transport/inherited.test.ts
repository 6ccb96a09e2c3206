import assert from 'node:assert/strict'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connectTcp, type Duplex, listenFd, openFd } from './index.ts'
import { RecordingSink } from './recording-sink.ts'
import { loadScmRights } from './scm-rights.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-'))
after(() => rmSync(folder, { recursive: true }))
const ignore = { accept: (stream: Duplex) => stream.destroy() }
const rights = loadScmRights()
const skip = rights === undefined && 'the optional package koffi is missing'

/** A listening socket that is known by its descriptor alone, as a parent process would hand it over. */
async function bareListener(where: { path: string } | { host: string; port: number }): Promise<number> {
  const server: Server & { _handle?: { fd: number } } = createServer()
  await new Promise<void>((resolve) => server.listen(where, resolve))
  const descriptor = rights!.duplicate(server._handle!.fd)
  server.close()
  return descriptor
}

async function served(): Promise<{ port: number; close: () => void }> {
  const server = createServer((socket) => socket.on('error', () => undefined))
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve))
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}

test('a TCP socket that a parent listens on serves who connects', { skip }, async () => {
  const sink = new RecordingSink()
  await using listener = await listenFd(await bareListener({ host: '127.0.0.1', port: 0 }), {
    accept(stream) {
      assert.equal(stream.remote?.type, 'inet')
      stream.start(sink)
    },
  })
  const { address } = listener
  assert.ok(address.type === 'inet')
  const client = await connectTcp(address)
  client.write('hello')
  await sink.until(() => sink.text === 'hello')
  client.destroy()
  await sink.until(() => sink.ended)
})

test('a unix socket that a parent listens on keeps its path', { skip }, async () => {
  const path = join(folder, 'made by the parent')
  await using listener = await listenFd(await bareListener({ path }), ignore)
  assert.deepEqual(listener.address, { type: 'unix', path })
})

test('what is no socket, or cannot listen, is refused in the words of QEMU 7.2', { skip }, async () => {
  const file = openSync(join(folder, 'file'), 'w')
  const text = `File descriptor '${file}' is not a socket`
  await assert.rejects(listenFd(file, ignore), { message: text, kind: 'invalid' })
  assert.throws(() => openFd(file), { message: text, kind: 'invalid' })
  closeSync(file)
  assert.throws(() => openFd(file), { message: text, kind: 'invalid' })

  const { port, close } = await served()
  const socket: Socket & { _handle?: { fd: number } } = connect({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  const connected = rights!.duplicate(socket._handle!.fd)
  socket.destroy()
  await assert.rejects(listenFd(connected, ignore), {
    message: 'Failed to listen on fd socket: Invalid argument',
    kind: 'listen',
  })
  close()
})
