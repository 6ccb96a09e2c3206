import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { deferred } from '../async/index.ts'
import { connectUnix } from '../transport/index.ts'
import { type Backend, ChardevSet, decodeBase64, Line, textOf } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-devices-'))
after(() => rmSync(folder, { recursive: true }))
const { signal } = new AbortController()
const inFolder = (name: string): string => join(folder, name)
const ring: Backend = { type: 'ringbuf', size: 64 }
const read = (set: ChardevSet, label: string): string => Buffer.from(set.ring(label).take(64)).toString()

/** Waits until a file has that text. */
async function written(path: string, text: string): Promise<void> {
  while (!existsSync(path) || readFileSync(path, 'utf8') !== text) await new Promise(setImmediate)
}

function unixServer(name: string): Backend {
  const options = { server: true, wait: false, telnet: false, reconnect: 0, clients: undefined }
  return { type: 'socket', address: { type: 'unix', path: inFolder(name) }, ...options }
}

test('a serial port goes on with the device that takes the place of its own, both ways', async () => {
  await using set = new ChardevSet()
  const typed = deferred<string>()
  const line = new Line(async (bytes) => typed.resolve(Buffer.from(bytes).toString()))
  ;(await set.add({ label: 'a', backend: ring }, signal)).attach(line)
  line.output(Buffer.from('one'))
  await new Promise(setImmediate)
  assert.equal(read(set, 'a'), 'one')
  await set.change('a', () => ({ label: 'a', backend: unixServer('a.sock') }), signal)
  const client = await connectUnix(inFolder('a.sock'))
  const [heard, ended] = [deferred<string>(), deferred()]
  client.start({ data: (chunk) => heard.resolve(Buffer.from(chunk).toString()), end: () => ended.resolve() })
  client.write('typed')
  assert.equal(await typed.promise, 'typed')
  line.output(Buffer.from('two'))
  assert.equal(await heard.promise, 'two')
  await set.change('a', () => ({ label: 'a', backend: ring }), signal)
  await ended.promise
  client.destroy()
  assert.ok(!existsSync(inFolder('a.sock')))
  line.output(Buffer.from('three'))
  await new Promise(setImmediate)
  assert.equal(read(set, 'a'), 'three')
})

test('a device that cannot be made leaves the one that is there', async () => {
  await using set = new ChardevSet()
  const line = new Line(async () => undefined)
  ;(await set.add({ label: 'a', backend: ring }, signal)).attach(line)
  const file: Backend = { type: 'file', path: '/nonexistent/x', append: false }
  await assert.rejects(
    set.change('a', () => ({ label: 'a', backend: file }), signal),
    { kind: 'open' },
  )
  line.output(Buffer.from('still'))
  await new Promise(setImmediate)
  assert.equal(read(set, 'a'), 'still')
})

test('a socket that waits for its first client is there when that has come, and not at all if it is given up', async () => {
  await using set = new ChardevSet()
  const waiting = { ...unixServer('w.sock'), wait: true } as Backend
  const giveUp = new AbortController()
  const never = set.add({ label: 'w', backend: waiting }, giveUp.signal)
  const outcome = assert.rejects(never)
  while (!existsSync(inFolder('w.sock'))) await new Promise(setImmediate)
  giveUp.abort()
  await outcome
  assert.deepEqual([set.list(), existsSync(inFolder('w.sock'))], [[], false])
  const added = set.add({ label: 'w', backend: waiting }, signal)
  while (!existsSync(inFolder('w.sock'))) await new Promise(setImmediate)
  const client = await connectUnix(inFolder('w.sock'))
  assert.equal((await added).label, 'w')
  client.destroy()
})

test('a log gets what a serial port sends, even while nobody is connected, and what others send to a connection', async () => {
  await using set = new ChardevSet()
  const log = { path: inFolder('log'), append: true }
  writeFileSync(log.path, 'before ')
  const line = new Line(async () => undefined)
  ;(await set.add({ label: 'a', backend: unixServer('l.sock'), log }, signal)).attach(line)
  line.output(Buffer.from('alone'))
  await written(log.path, 'before alone')
  const device = await set.add({ label: 'b', backend: { type: 'null' }, log: { ...log, append: false } }, signal)
  device.attach({
    concurrent: false,
    connection(stream) {
      stream.start({ data: () => undefined })
      stream.write('written')
    },
  })
  await written(log.path, 'written')
})

test('a file that is read from comes in, and its end ends nothing', async () => {
  await using set = new ChardevSet()
  writeFileSync(inFolder('in'), 'what is read')
  const come = deferred()
  let text = ''
  const line = new Line(async (bytes) => {
    text += Buffer.from(bytes).toString()
    if (text === 'what is read') come.resolve()
  })
  const file: Backend = { type: 'file', path: inFolder('out'), append: false, input: inFolder('in') }
  ;(await set.add({ label: 'f', backend: file }, signal)).attach(line)
  await come.promise
  line.output(Buffer.from('goes out'))
  await written(inFolder('out'), 'goes out')
})

test('datagrams go to and come from the address that was named', async () => {
  await using set = new ChardevSet()
  const peer = createSocket('udp4')
  peer.bind(0, '127.0.0.1')
  await once(peer, 'listening')
  const come = deferred<string>()
  const line = new Line(async (bytes) => come.resolve(Buffer.from(bytes).toString()))
  const { port } = peer.address() as AddressInfo
  const udp: Backend = { type: 'udp', remote: { host: '127.0.0.1', port }, local: { host: '127.0.0.1', port: '0' } }
  ;(await set.add({ label: 'u', backend: udp }, signal)).attach(line)
  const message = once(peer, 'message')
  line.output(Buffer.from('there'))
  const [bytes, from] = await message
  assert.equal(String(bytes), 'there')
  peer.send('and back', from.port, from.address)
  assert.equal(await come.promise, 'and back')
  peer.close()
})

test('a break reaches who is attached, of a shared device who has the focus', async () => {
  await using set = new ChardevSet()
  const broken: string[] = []
  const frontend = (name: string) => ({
    concurrent: false,
    connection: () => undefined,
    broken: () => broken.push(name),
  })
  ;(await set.add({ label: 'a', backend: { type: 'null' } }, signal)).attach(frontend('a'))
  const shared = await set.add({ label: 'm', backend: { type: 'null' }, mux: true }, signal)
  shared.attach(frontend('first'))
  shared.attach(frontend('second'))
  for (const label of ['a', 'm', 'm-base']) set.sendBreak(label)
  assert.deepEqual(broken, ['a', 'second', 'first', 'second'])
  assert.throws(() => set.sendBreak('none'), { message: "Chardev 'none' not found" })
})

test('base64 is read as leniently as by GLib, and bytes as JSON tells them', () => {
  const decoded = (text: string): string | undefined => {
    const bytes = decodeBase64(text)
    return bytes && Buffer.from(bytes).toString('hex')
  }
  assert.deepEqual(['YQ==YQ==', 'YQ', 'Y\nQ==', 'YR==', ''].map(decoded), ['6161', '', '61', '61', ''])
  assert.deepEqual(['a-_b', 'Y Q=', '***'].map(decoded), [undefined, undefined, undefined])
  const told = (...bytes: number[]): string => textOf(Uint8Array.from(bytes))
  assert.equal(told(0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xc0, 0x80, 0x41, 0, 0x42), 'é€\0A')
  assert.equal(told(0xff, 0x40, 0xe2, 0x82, 0x41, 0xed, 0xa0, 0x80, 0xc1, 0x81), '\ufffd@\ufffdA\ufffd\ufffd')
})
