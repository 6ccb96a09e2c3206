import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import type { Duplex } from '../transport/index.ts'
import { type Chardev, type ChardevKeys, openChardev, readChardevOptions } from './index.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'vmon-'))
after(() => rmSync(folder, { recursive: true }))

function open(keys: ChardevKeys): Promise<Chardev> {
  return openChardev(readChardevOptions({ id: 'c', ...keys }))
}

/** The one connection of a device that is connected from the start. */
function streamOf(device: Chardev): Duplex {
  const streams: Duplex[] = []
  device.attach({ concurrent: true, connection: (stream) => streams.push(stream) })
  assert.equal(streams.length, 1)
  return streams[0]!
}

test('a file gets what is written, in place of what was there or after it', async () => {
  const path = join(folder, 'out')
  writeFileSync(path, 'before;')
  const replacing = await open({ backend: 'file', path })
  assert.equal(replacing.filename, 'file')
  const stream = streamOf(replacing)
  stream.write('one;')
  stream.write('two;')
  await replacing.close()
  assert.equal(readFileSync(path, 'utf8'), 'one;two;')
  await using appending = await open({ backend: 'file', path, append: 'on' })
  streamOf(appending).write('three;')
  await appending.close()
  assert.equal(readFileSync(path, 'utf8'), 'one;two;three;')
  const nowhere = join(folder, 'none', 'out')
  await assert.rejects(open({ backend: 'file', path: nowhere }), {
    message: `Could not open '${nowhere}': No such file or directory`,
  })
})

test('what a full disk does not take is lost, and the device goes on', {
  skip: process.platform !== 'linux' && 'needs /dev/full',
}, async () => {
  const device = await open({ backend: 'file', path: '/dev/full' })
  const stream = streamOf(device)
  let over = false
  stream.start({
    data: () => undefined,
    closed: () => {
      over = true
    },
  })
  for (let times = 0; times < 3; times++) {
    stream.write('x'.repeat(1 << 20))
    const emptied = new Promise<void>((resolve) => {
      const look = (): void => (stream.buffered === 0 ? resolve() : void setImmediate(look))
      look()
    })
    await emptied
  }
  assert.equal(over, false)
  await device.close()
})

test('a file that is a named pipe waits for no reader, and gives it what comes', {
  skip: process.platform !== 'linux' && 'needs mkfifo',
}, async () => {
  const path = join(folder, 'fifo')
  execFileSync('mkfifo', [path])
  const device = await open({ backend: 'file', path })
  const stream = streamOf(device)
  const reader = createReadStream(path)
  stream.start({ data: () => undefined })
  stream.write('to the reader')
  const [chunk] = await once(reader, 'data')
  assert.equal(String(chunk), 'to the reader')
  assert.equal(device.filename, 'file')
  await device.close()
  await once(reader, 'close')
})

test('the devices that keep nothing take everything', async () => {
  for (const backend of ['null', 'vc']) {
    const device = await open({ backend })
    assert.equal(device.filename, backend)
    const stream = streamOf(device)
    for (let i = 0; i < 100; i++) stream.write(new Uint8Array(65536))
    await device.close()
    assert.equal(stream.buffered, 0)
  }
})

test('named pipes carry bytes both ways, two of them or one', async () => {
  const path = join(folder, 'p')
  await run('mkfifo', [`${path}.in`, `${path}.out`, join(folder, 'single')])
  await using device = await open({ backend: 'pipe', path })
  assert.equal(device.filename, 'pipe')
  const stream = streamOf(device)
  const got = new Promise<string>((resolve) => stream.start({ data: (chunk) => resolve(String(chunk)) }))
  await run('/bin/sh', ['-c', `printf typed > '${path}.in'`])
  assert.equal(await got, 'typed')
  stream.write('printed\n')
  assert.equal((await run('head', ['-n', '1', `${path}.out`])).stdout, 'printed\n')

  await using single = await open({ backend: 'pipe', path: join(folder, 'single') })
  const loop = streamOf(single)
  const echoed = new Promise<string>((resolve) => loop.start({ data: (chunk) => resolve(String(chunk)) }))
  loop.write('to myself')
  assert.equal(await echoed, 'to myself')
  const nowhere = join(folder, 'nope')
  await assert.rejects(open({ backend: 'pipe', path: nowhere }), {
    message: `Could not open '${nowhere}': No such file or directory`,
  })
})
