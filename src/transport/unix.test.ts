import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, linkSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { connectUnix, type Duplex, type Listener, listenUnix } from './index.ts'
import { RecordingSink } from './recording-sink.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-'))
after(() => rmSync(folder, { recursive: true }))
let count = 0
const ignore = { accept: (stream: Duplex) => stream.destroy() }
const moduleUrl = new URL('./index.js', import.meta.url).href

function freshPath(): string {
  return join(folder, `${count++}.sock`)
}

/** A socket file that a dead process would leave: the other name of one whose listener has gone. */
async function stalePath(): Promise<string> {
  const path = freshPath()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(`${path}.first`, resolve))
  linkSync(`${path}.first`, path)
  server.close()
  await once(server, 'close')
  return path
}

test('a socket file is for its owner alone, whatever the mask, and goes with the listener', async () => {
  const path = freshPath()
  const mask = process.umask(0)
  let listener: Listener
  try {
    listener = await listenUnix(path, ignore)
    assert.equal(process.umask(), 0)
  } finally {
    process.umask(mask)
  }
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(listener.address, { type: 'unix', path })
  await Promise.all([listener.close(), listener.close()])
  assert.ok(!existsSync(path))
})

test('a worker thread, which has no mask of its own, makes a private file too', async () => {
  const path = freshPath()
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
    import(workerData.moduleUrl).then(async ({ listenUnix }) => {
      const listener = await listenUnix(workerData.path, { accept() {} })
      parentPort.postMessage(require('node:fs').statSync(workerData.path).mode & 0o777)
      await listener.close()
    })`,
    { eval: true, workerData: { moduleUrl, path } },
  )
  const [mode] = await once(worker, 'message')
  assert.equal(mode, 0o600)
  await once(worker, 'exit')
  assert.ok(!existsSync(path))
})

test('a file that nobody listens on is replaced', async () => {
  const path = await stalePath()
  await using listener = await listenUnix(path, ignore)
  const stream = await connectUnix(path)
  stream.destroy()
  await listener.close()
})

test('a file in use is refused and goes on working', async () => {
  const path = freshPath()
  const accepted: Duplex[] = []
  await using listener = await listenUnix(path, { accept: (stream) => accepted.push(stream) })
  await assert.rejects(listenUnix(path, ignore), {
    message: `Failed to bind socket to ${path}: Address already in use`,
    kind: 'listen',
  })
  const stream = await connectUnix(path)
  stream.destroy()
  await listener.close()
  for (const each of accepted) each.destroy()
})

test('a file that is no socket is refused and kept', async () => {
  const path = freshPath()
  writeFileSync(path, 'precious')
  await assert.rejects(listenUnix(path, ignore), {
    message: `Failed to bind socket to ${path}: Address already in use`,
  })
  assert.equal(readFileSync(path, 'utf8'), 'precious')
})

test('a path of 107 bytes is good, a longer one is told to be too long', async () => {
  const path = join(folder, 'x'.repeat(107 - Buffer.byteLength(folder) - 1))
  await using listener = await listenUnix(path, ignore)
  const stream = await connectUnix(path)
  stream.destroy()
  await listener.close()
  const told = { message: `UNIX socket path '${path}x' is too long`, hint: 'Path must be less than 108 bytes' }
  await assert.rejects(listenUnix(`${path}x`, ignore), { ...told, kind: 'invalid' })
  await assert.rejects(connectUnix(`${path}x`), { ...told, kind: 'invalid' })
})

test('a folder that is not there is told', async () => {
  await assert.rejects(listenUnix('/nonexistent/q.sock', ignore), {
    message: 'Failed to bind socket to /nonexistent/q.sock: No such file or directory',
    kind: 'listen',
  })
  await assert.rejects(connectUnix('/nonexistent/q.sock'), {
    message: "Failed to connect to '/nonexistent/q.sock': No such file or directory",
    kind: 'connect',
  })
})

test('a file is removed when the process exits, and only replaced when it was killed', async () => {
  const path = freshPath()
  const listenIn = async (rest: string): Promise<void> => {
    const script = `import { listenUnix } from ${JSON.stringify(moduleUrl)}
      await listenUnix(${JSON.stringify(path)}, { accept() {} })
      ${rest}`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
    await once(child, 'exit')
  }
  await listenIn('process.exit(0)')
  assert.ok(!existsSync(path))
  await listenIn('process.kill(process.pid, "SIGKILL")')
  assert.ok(existsSync(path))
  const listener = await listenUnix(path, ignore)
  await listener.close()
})

test('a signal gives up, or closes the listener', async () => {
  const path = freshPath()
  await assert.rejects(listenUnix(path, { ...ignore, signal: AbortSignal.abort(new Error('no')) }), /no/)
  await assert.rejects(connectUnix(path, { signal: AbortSignal.abort(new Error('no')) }), /no/)
  const controller = new AbortController()
  await listenUnix(path, { ...ignore, signal: controller.signal })
  controller.abort()
  assert.ok(!existsSync(path))
})

test('while a listener is paused, who connects waits with what they send, in the order they came', async () => {
  const path = freshPath()
  const served: RecordingSink[] = []
  const arrivals = new RecordingSink()
  await using listener = await listenUnix(path, {
    accept(stream) {
      const sink = new RecordingSink()
      served.push(sink)
      stream.start(sink)
      listener.pause()
      arrivals.data(new Uint8Array(1))
    },
  })
  const clients: Duplex[] = []
  for (const name of ['one', 'two', 'three']) {
    const client = await connectUnix(path)
    client.start(new RecordingSink())
    client.write(name)
    clients.push(client)
  }
  await arrivals.until(() => served.length === 1)
  listener.resume()
  listener.resume()
  await Promise.all(
    ['one', 'two', 'three'].map((name, index) => served[index]!.until(() => served[index]!.text === name)),
  )
  for (const client of clients) client.destroy()
  await Promise.all(served.map((sink) => sink.until(() => sink.ended)))
  await listener.close()
})
