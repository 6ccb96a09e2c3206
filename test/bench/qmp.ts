/**
 * QMP side by side with QEMU 7.2: round trips, pipelined commands, start-up, memory of idle clients.
 *
 * Both servers run in processes of their own and are driven by the same client; their runs alternate, so that a
 * machine whose speed drifts does not favour one of them. While one is measured, the other one is held: a guest that
 * runs flat out costs its own server something, not its rival.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startMachine } from '../../src/index.ts'
import { blockingRoundTrips } from './blocking-client.ts'
import { atLeast, atMost, median, printRows, type Row } from './report.ts'

interface Server {
  readonly process: ChildProcess
  readonly socket: string
  readonly greetingMs: number
}

const rounds = 5
const roundTrips = 3000
const pipelined = 60_000
const idleClients = 1000

const commandLines = {
  vmon: (rest: readonly string[]) => [process.execPath, 'bin/vmon.js', ...rest],
  qemu: (rest: readonly string[]) => ['qemu-system-i386', ...rest],
}

export async function benchQmp(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-bench-'))
  try {
    const image = new Uint8Array(1474560)
    image.set([0xfb, 0xeb, 0xfe]) // sti; jmp $
    image.set([0x55, 0xaa], 510)
    for (const name of ['vmon', 'qemu']) await writeFile(join(folder, `${name}.img`), image) // each server locks its own
    const rows: Row[] = [
      ...(await compare(folder, 'guest stopped', ['-S'])),
      ...(await compare(folder, 'guest flat out', ['-boot', 'a'])),
      ...(await startUp(folder)),
      await inProcessStart(),
      await idleMemory(folder),
    ]
    printRows('QMP', 'qemu 7.2', rows)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function compare(folder: string, state: string, extra: readonly string[]): Promise<Row[]> {
  const floppy = (name: string): string[] => ['-drive', `file=${join(folder, name)}.img,if=floppy,format=raw`]
  const servers = {
    vmon: await start('vmon', folder, [...extra, ...floppy('vmon')]),
    qemu: await start('qemu', folder, [...extra, ...floppy('qemu')]),
  }
  const trips = { vmon: [] as number[], qemu: [] as number[] }
  const rates = { vmon: [] as number[], qemu: [] as number[] }
  try {
    if (!extra.includes('-S')) await new Promise((resolve) => setTimeout(resolve, 4000)) // let both reach the loop
    for (let round = 0; round < rounds; round++) {
      for (const name of ['vmon', 'qemu'] as const) {
        const rival = servers[name === 'vmon' ? 'qemu' : 'vmon'].process
        rival.kill('SIGSTOP')
        // QEMU serves one client at a time: the one before must have gone.
        await new Promise((resolve) => setTimeout(resolve, 20))
        const blocking = blockingRoundTrips(servers[name].socket, roundTrips / rounds)
        const client = await Client.connect(servers[name].socket)
        trips[name].push(...(blocking ?? (await client.roundTrips(roundTrips / rounds))))
        rates[name].push(await client.pipeline(name === 'qemu' ? pipelined / 20 : pipelined))
        client.close()
        rival.kill('SIGCONT')
      }
    }
  } finally {
    for (const { process } of Object.values(servers)) await end(process)
  }
  return [
    {
      name: `round trip p50, ${state}`,
      unit: 'us',
      ours: median(trips.vmon),
      peer: median(trips.qemu),
      target: atMost(0.25),
    },
    {
      name: `pipelined, ${state}`,
      unit: 'cmd/s',
      ours: median(rates.vmon),
      peer: median(rates.qemu),
      target: atLeast(30),
    },
  ]
}

async function startUp(folder: string): Promise<Row[]> {
  const times = { vmon: [] as number[], qemu: [] as number[], node: [] as number[] }
  for (let round = 0; round < 9; round++) {
    times.node.push(await firstByteOfNode())
    for (const name of ['vmon', 'qemu'] as const) {
      const server = await start(name, folder, ['-S'])
      times[name].push(server.greetingMs)
      await end(server.process)
    }
  }
  return [
    {
      name: 'spawn to greeting',
      unit: 'ms',
      ours: median(times.vmon),
      peer: median(times.qemu),
      target: atMost(100, ' ms'),
    },
    { name: 'of which Node, until a script can speak', unit: 'ms', ours: median(times.node) },
  ]
}

/** Milliseconds until Node runs a script that says something, and nothing else. */
async function firstByteOfNode(): Promise<number> {
  const begin = performance.now()
  const node = spawn(process.execPath, ['-e', 'fs.writeSync(1, "x")'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(node, 'close')
  await once(node.stdout, 'data')
  const time = performance.now() - begin
  await ended
  return time
}

async function inProcessStart(): Promise<Row> {
  const times: number[] = []
  for (let round = 0; round < 50; round++) {
    const begin = performance.now()
    const machine = await startMachine({ accel: 'none' })
    times.push(performance.now() - begin)
    await machine.close()
  }
  return { name: 'in-process start, -accel none', unit: 'ms', ours: median(times), target: atMost(10, ' ms') }
}

async function idleMemory(folder: string): Promise<Row> {
  const server = await start('vmon', folder, ['-S'])
  const residentKiB = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))?.[1])
  const clients: Client[] = []
  try {
    for (let index = 0; index < 20; index++) clients.push(await Client.connect(server.socket))
    await settle()
    const before = residentKiB()
    for (let index = 0; index < idleClients; index++) clients.push(await Client.connect(server.socket))
    await settle()
    const after = residentKiB()
    return {
      name: `memory of an idle client (of ${idleClients})`,
      unit: 'KiB',
      ours: (after - before) / idleClients,
      target: atMost(64, ' KiB'),
    }
  } finally {
    for (const client of clients) client.close()
    await end(server.process)
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 500))

let serial = 0

async function start(name: keyof typeof commandLines, folder: string, extra: readonly string[]): Promise<Server> {
  const socket = join(folder, `${name}-${serial++}.sock`)
  const [file, ...args] = commandLines[name]([
    '-display',
    'none',
    '-nodefaults',
    '-m',
    '64',
    ...extra,
    '-qmp',
    `unix:${socket},server=on,wait=off`,
  ])
  const begin = performance.now()
  const process = spawn(file!, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  for (;;) {
    const greeted = await greeting(socket)
    if (greeted) return { process, socket, greetingMs: performance.now() - begin }
    if (process.exitCode !== null) throw new Error(`${name} ended with status ${process.exitCode}`)
  }
}

/** Connects once and waits for the greeting; false if nobody listens yet. */
function greeting(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => setTimeout(() => resolve(false), 1))
    socket.once('end', () => resolve(false))
  })
}

async function end(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null) return
  const ended = new Promise((resolve) => process.once('exit', resolve))
  process.kill('SIGTERM')
  await ended
}

/** A bare client: counts lines, parses nothing. */
class Client {
  readonly #socket: Socket
  #lines = 0
  #awaited = 0
  #resolve: (() => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) this.#lines++
      if (this.#lines >= this.#awaited) this.#resolve?.()
    })
  }

  static async connect(path: string): Promise<Client> {
    const socket = connect(path)
    const client = new Client(socket)
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    await client.#lineCount(1)
    socket.write('{"execute":"qmp_capabilities"}\n')
    await client.#lineCount(2)
    return client
  }

  /** Times single commands, in microseconds. */
  async roundTrips(count: number): Promise<number[]> {
    const times: number[] = []
    for (let index = 0; index < count; index++) {
      const begin = performance.now()
      this.#socket.write('{"execute":"query-status"}\n')
      await this.#lineCount(this.#lines + 1)
      times.push((performance.now() - begin) * 1000)
    }
    return times
  }

  /** Sends `count` commands without waiting for replies; commands per second. */
  async pipeline(count: number): Promise<number> {
    const batch = 1000
    const text = '{"execute":"query-status"}\n'.repeat(batch)
    const begin = performance.now()
    const done = this.#lineCount(this.#lines + count)
    for (let sent = 0; sent < count; sent += batch) {
      if (!this.#socket.write(text)) await new Promise((resolve) => this.#socket.once('drain', resolve))
    }
    await done
    return (count / (performance.now() - begin)) * 1000
  }

  close(): void {
    this.#socket.destroy()
  }

  #lineCount(lines: number): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited = lines
      this.#resolve = resolve
      if (this.#lines >= lines) resolve()
    })
  }
}
