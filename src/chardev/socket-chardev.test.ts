import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { pause } from '../async/index.ts'
import { connectTcp, connectUnix, type Duplex, listenUnix } from '../transport/index.ts'
import { type Chardev, type ChardevKeys, type Frontend, openChardev, readChardevOptions } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-'))
after(() => rmSync(folder, { recursive: true }))
let count = 0

function socketPath(): string {
  return join(folder, `${count++}.sock`)
}

function open(keys: ChardevKeys): Promise<Chardev> {
  return openChardev(readChardevOptions({ id: 'c', backend: 'socket', ...keys }))
}

/** A front end that greets, and says `number: text` to what it gets. */
class Greeter implements Frontend {
  readonly concurrent: boolean | number
  readonly streams: Duplex[] = []

  constructor(concurrent: boolean | number) {
    this.concurrent = concurrent
  }

  connection(stream: Duplex): void {
    const number = this.streams.push(stream)
    stream.write(`hello ${number};`)
    stream.start({ data: (chunk) => stream.write(`${number}: ${chunk};`), end: () => void stream.close() })
  }
}

/** A client that keeps what it reads. */
class Client {
  readonly #stream: Duplex
  #text = ''
  #changed = (): void => undefined

  constructor(stream: Duplex) {
    this.#stream = stream
    stream.start({
      data: (chunk) => {
        this.#text += chunk
        this.#changed()
      },
    })
  }

  say(text: string): void {
    this.#stream.write(text)
  }

  async hears(text: string): Promise<void> {
    while (this.#text !== text) await new Promise<void>((resolve) => (this.#changed = resolve))
  }

  get heard(): string {
    return this.#text
  }

  leave(): Promise<void> {
    return this.#stream.close()
  }
}

test('a front end for many serves all clients at once', async () => {
  const path = socketPath()
  await using device = await open({ path, server: 'on', wait: 'off' })
  device.attach(new Greeter(true))
  const clients = [1, 2, 3].map(async () => new Client(await connectUnix(path)))
  const [one, two, three] = await Promise.all(clients)
  await Promise.all([one!.hears('hello 1;'), two!.hears('hello 2;'), three!.hears('hello 3;')])
  two!.say('again')
  await two!.hears('hello 2;2: again;')
})

test('with clients=1 the second waits ungreeted, and is served with what it has sent when the first leaves', async () => {
  const path = socketPath()
  await using device = await open({ path, server: 'on', wait: 'off', clients: '1' })
  device.attach(new Greeter(true))
  const one = new Client(await connectUnix(path))
  const two = new Client(await connectUnix(path))
  two.say('early')
  await one.hears('hello 1;')
  one.say('x')
  await one.hears('hello 1;1: x;')
  assert.equal(two.heard, '')
  await one.leave()
  await two.hears('hello 2;2: early;')
})

test('what connects before there is a front end is handed over later', async () => {
  const path = socketPath()
  await using device = await open({ path, server: 'on', wait: 'off' })
  const clients = [new Client(await connectUnix(path)), new Client(await connectUnix(path))]
  while (device.filename.startsWith('disconnected:')) await turn()
  assert.equal(device.frontendOpen, false)
  device.attach(new Greeter(2))
  assert.equal(device.frontendOpen, true)
  await Promise.all([clients[0]!.hears('hello 1;'), clients[1]!.hears('hello 2;')])
  assert.throws(() => device.attach(new Greeter(1)), { message: "Device 'c' is in use", kind: 'in-use' })
})

test('the machine can wait for the first client', async () => {
  const path = socketPath()
  await using device = await open({ path, server: 'on' })
  let connected = false
  void device.awaited?.then(() => {
    connected = true
  })
  await turn()
  assert.equal(connected, false)
  const client = new Client(await connectUnix(path))
  await device.awaited
  await client.leave()
  await using other = await open({ path: socketPath(), server: 'on' })
  const waiting = assert.rejects(other.awaited!, /closed/)
  await other.close()
  await waiting
})

test('the file name tells where it listens and who is there', async () => {
  const path = socketPath()
  await using unix = await open({ path, server: 'on', wait: 'off' })
  assert.equal(unix.filename, `disconnected:unix:${path},server=on`)
  unix.attach(new Greeter(true))
  const local = await connectUnix(path)
  while (unix.filename.startsWith('disconnected:')) await turn()
  assert.equal(unix.filename, `unix:${path},server=on`)
  await local.close()
  while (unix.filename !== `disconnected:unix:${path},server=on`) await turn()

  await using tcp = await open({ host: '127.0.0.1', port: '0', server: 'on', wait: 'off', telnet: 'on' })
  tcp.attach(new Greeter(true))
  const { groups } = /^disconnected:telnet:127\.0\.0\.1:(?<port>[1-9]\d*),server=on$/.exec(tcp.filename)!
  const client = await connectTcp({ host: '127.0.0.1', port: groups!['port']! })
  while (tcp.filename.startsWith('disconnected:')) await turn()
  assert.match(tcp.filename, /^telnet:127\.0\.0\.1:\d+,server=on <-> 127\.0\.0\.1:\d+$/)
  client.destroy()
})

test('a client connects, and fails in the words of QEMU 7.2', async () => {
  const path = socketPath()
  await assert.rejects(open({ path }), { message: `Failed to connect to '${path}': No such file or directory` })
  const accepted: Duplex[] = []
  await using listener = await listenUnix(path, { accept: (stream) => accepted.push(stream) })
  await using device = await open({ path })
  assert.equal(device.filename, 'unix:')
  while (accepted.length === 0) await turn()
  device.attach(new Greeter(true))
  const server = new Client(accepted[0]!)
  await server.hears('hello 1;')
  await server.leave()
  while (device.filename !== `disconnected:unix:${path}`) await turn()
  await listener.close()
})

test('a client that reconnects tries until somebody listens, and again when the connection is lost', async () => {
  const path = socketPath()
  await using device = await open({ path, reconnect: '1' })
  device.attach(new Greeter(true))
  assert.equal(device.filename, `disconnected:unix:${path}`)
  const accepted: Duplex[] = []
  await using listener = await listenUnix(path, { accept: (stream) => accepted.push(stream) })
  const connectedAgain = async (number: number): Promise<Client> => {
    while (accepted.length < number) await pause(10)
    return new Client(accepted[number - 1]!)
  }
  const first = await connectedAgain(1)
  await first.hears('hello 1;')
  await first.leave()
  const second = await connectedAgain(2)
  await second.hears('hello 2;')
  await device.close()
  await second.leave()
  await pause(1100)
  assert.equal(accepted.length, 2)
  await listener.close()
})

test('a destroyed device listens no more and drops who is there', async () => {
  const path = socketPath()
  const device = await open({ path, server: 'on', wait: 'off' })
  device.attach(new Greeter(true))
  const client = await connectUnix(path)
  client.start({ data: () => undefined, end: () => client.end() })
  device.destroy()
  await client.closed
  await assert.rejects(connectUnix(path), /No such file or directory/)
})

test('a client that does not read holds up the end for a second only', async () => {
  const path = socketPath()
  const device = await open({ path, server: 'on', wait: 'off' })
  const greeter = new Greeter(true)
  device.attach(greeter)
  const client = await connectUnix(path)
  while (greeter.streams.length === 0) await turn()
  for (let i = 0; i < 100; i++) greeter.streams[0]!.write(new Uint8Array(65536))
  const begin = performance.now()
  await device.close()
  assert.ok(performance.now() - begin > 400)
  client.destroy()
})

test('a client that reconnects says why it could not connect', async () => {
  const path = socketPath()
  const told: string[] = []
  const options = readChardevOptions({ id: 'c', backend: 'socket', path, reconnect: '3' })
  await using device = await openChardev(options, { complain: (text) => told.push(text) })
  assert.equal(device.frontendOpen, false)
  assert.deepEqual(told, [
    `Unable to connect character device c: Failed to connect to '${path}': No such file or directory`,
  ])
})
