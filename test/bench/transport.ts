/**
 * How fast small messages go through a unix stream of ours, with and without descriptor passing, beside `node:net` in
 * the same run; and what an idle connection costs. The server answers each line with a line, as a monitor does; the
 * client is another process. Prints a table.
 *
 *     node dist/test/bench/transport.js
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, listenUnix } from '../../src/transport/index.ts'
import { SocketWire } from '../../src/transport/socket-wire.ts'
import { WireDuplex } from '../../src/transport/wire-duplex.ts'

const request = '{"execute":"query-status"}\n'
const reply = '{"return": {"status": "running", "singlestep": false, "running": true}}\r\n'
const newline = 10

interface Figures {
  /** Microseconds, the median. */
  readonly roundTrip: number
  /** Answers a second with 32 requests in flight, and with as many as fit. */
  readonly window: number
  readonly bulk: number
}

if (process.argv[2] === 'client') await client(process.argv[3]!)
else await compare()

async function compare(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vmon-bench-'))
  const path = join(folder, 's')
  const servers: [string, () => Promise<() => unknown>][] = [
    ['node:net', () => listenNet(path, answerSocket)],
    ['a stream that Node reads', () => listenNet(path, (socket) => answer(plain(socket)))],
    ['a stream that passes descriptors', () => listenOurs(path)],
  ]
  try {
    await idle(path)
    console.log('\nserver                             round trip    window of 32         no window')
    for (const [name, listen] of servers) {
      const close = await listen()
      const { roundTrip, window, bulk } = await measure(path)
      await close()
      const cells = [`${roundTrip.toFixed(1)} us`, `${Math.round(window)}/s`, `${Math.round(bulk)}/s`]
      console.log(name.padEnd(33), ...cells.map((cell) => cell.padStart(14)))
    }
    await cycles(path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function answerSocket(socket: Socket): void {
  socket.on('data', (chunk) => eachLine(chunk, () => socket.write(reply)))
  socket.on('end', () => socket.end())
}

function answer(stream: Duplex): void {
  stream.start({
    data: (chunk) => eachLine(chunk, () => stream.write(reply)),
    end: () => void stream.close(),
  })
}

function plain(socket: Socket): Duplex {
  return new WireDuplex(new SocketWire(socket), { kind: 'unix' })
}

function eachLine(chunk: Uint8Array, act: () => void): void {
  for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) act()
}

async function listenNet(path: string, accept: (socket: Socket) => void): Promise<() => Server> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    accept(socket)
    socket.resume()
  })
  server.listen(path)
  await once(server, 'listening')
  return () => server.close()
}

async function listenOurs(path: string): Promise<() => Promise<void>> {
  const listener = await listenUnix(path, { accept: answer })
  return () => listener.close()
}

async function measure(path: string): Promise<Figures> {
  const child = fork(import.meta.filename, ['client', path])
  const [figures] = (await once(child, 'message')) as [Figures]
  await once(child, 'exit')
  return figures
}

async function client(path: string): Promise<void> {
  const socket = connect(path)
  await once(socket, 'connect')
  let received = 0
  let wanted = 0
  let arrived = (): void => undefined
  socket.on('data', (chunk) => {
    received += chunk.length
    if (received >= wanted) arrived()
  })
  const answers = (count: number): Promise<void> => {
    wanted = received + count * reply.length
    return new Promise((resolve) => {
      arrived = resolve
    })
  }
  const batch = async (count: number): Promise<void> => {
    const all = answers(count)
    for (let left = count; left > 0; left -= 1000)
      if (!socket.write(request.repeat(Math.min(left, 1000)))) await once(socket, 'drain')
    await all
  }
  for (let i = 0; i < 2000; i++) await batch(1)
  const times: number[] = []
  for (let i = 0; i < 10_000; i++) {
    const begin = performance.now()
    await batch(1)
    times.push(performance.now() - begin)
  }
  times.sort((a, b) => a - b)
  const rate = async (count: number, size: number): Promise<number> => {
    const begin = performance.now()
    for (let left = count; left > 0; left -= size) await batch(size)
    return (count / (performance.now() - begin)) * 1000
  }
  await rate(100_000, 100_000)
  const figures: Figures = {
    roundTrip: times[times.length >> 1]! * 1000,
    window: await rate(128_000, 32),
    bulk: await rate(1_000_000, 1_000_000),
  }
  process.send!(figures)
  socket.end()
  process.disconnect()
}

/** What a thousand clients cost that say nothing; both ends are in this process, so half of it is ours. */
async function idle(path: string): Promise<void> {
  const close = await listenOurs(path)
  const sockets: Socket[] = []
  const before = process.memoryUsage().rss
  for (let i = 0; i < 1000; i++) {
    const socket = connect(path)
    await once(socket, 'connect')
    sockets.push(socket)
  }
  await new Promise((resolve) => setImmediate(resolve))
  const each = (process.memoryUsage().rss - before) / 1000 / 1024
  console.log(`an idle connection, with the client's end: ${each.toFixed(1)} KiB`)
  for (const socket of sockets) socket.destroy()
  await close()
}

/** A thousand connections that come and go. */
async function cycles(path: string): Promise<void> {
  const close = await listenOurs(path)
  const visit = async (): Promise<void> => {
    const socket = connect(path)
    socket.write(request)
    await once(socket, 'data')
    socket.end()
    await once(socket, 'close')
  }
  await visit()
  const before = readdirSync('/proc/self/fd').length
  const begin = performance.now()
  for (let i = 0; i < 1000; i++) await visit()
  const time = (performance.now() - begin) / 1000
  const left = readdirSync('/proc/self/fd').length - before
  console.log(`\na connection that comes, asks and goes: ${time.toFixed(2)} ms, descriptors left by 1000: ${left}`)
  await close()
}
