/**
 * The network for users beside QEMU's, which has libslirp. The kernel of this host is the guest of both: its frames go by a
 * stream to a hub, and from there into the network. So what is measured is the network, and not the speed of a guest.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NetSet } from '../../src/net/index.ts'
import { Guest, qemu, vmon } from '../interop/guest.ts'
import { joinKernel } from '../net/kernel-card.ts'
import { KernelGuest, noKernelGuest } from '../net/kernel-guest.ts'
import { missingProgram } from '../oracle/peers.ts'
import { atLeast, atMost, printRows, type Row } from './report.ts'

const mebibytes = Number(process.env['VMON_BENCH_MIB'] ?? 128)
const requests = 300
const guestPort = 8080
const block = Buffer.alloc(1 << 20, 'x')

interface Figures {
  /** Mbit/s. */
  readonly down: number
  readonly up: number
  readonly forwarded: number
  /** Of small ones, each over a connection of its own. */
  readonly requestsPerSecond: number
  /** Milliseconds, on average. */
  readonly ping: number
}

export async function benchNetwork(): Promise<void> {
  const missing = noKernelGuest || missingProgram('qemu-system-i386') || missingProgram('curl')
  if (missing) {
    console.log(`\nNetwork for users: not measured (${missing})`)
    return
  }
  const ours = await measure([...vmon, '-accel', 'none'])
  const theirs = await measure(qemu)
  const row = (name: string, unit: string, which: keyof Figures, target: Row['target']): Row => ({
    ...{ name, unit, ours: ours[which], peer: theirs[which] },
    ...(target && { target }),
  })
  printRows('Network for users, with a kernel as its guest', 'QEMU', [
    row('TCP to the guest', 'Mbit/s', 'down', atLeast(1)),
    row('TCP from the guest', 'Mbit/s', 'up', atLeast(1)),
    row('TCP from the guest, by hostfwd', 'Mbit/s', 'forwarded', atLeast(1)),
    row('small HTTP requests', '/s', 'requestsPerSecond', atLeast(1)),
    row('ping of the gateway', 'ms', 'ping', atMost(1)),
  ])
}

async function measure(command: readonly string[]): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'vmon-bench-'))
  const path = join(folder, 's')
  const forwardedPort = await freePort()
  const web = webServer().listen(0, '127.0.0.1')
  await once(web, 'listening')
  const { port } = web.address() as AddressInfo
  const set = new NetSet()
  await set.add({ type: 'stream', id: 's', addr: { type: 'unix', path }, server: true })
  const kernel = await KernelGuest.start()
  joinKernel(kernel, set, 's')
  try {
    await using machine = await Guest.start(
      command,
      [
        ...['-netdev', `user,id=u,hostfwd=tcp:127.0.0.1:${forwardedPort}-10.0.2.15:${guestPort}`],
        ...['-netdev', `stream,id=s,addr.type=unix,addr.path=${path}`],
        ...['u', 's'].flatMap((name) => ['-netdev', `hubport,hubid=1,id=port-${name},netdev=${name}`]),
      ],
      AbortSignal.timeout(600_000),
    )
    await machine.execute('cont') // QEMU's network stands still with the guest
    await kernel.configure()
    const url = `http://10.0.2.2:${port}`
    const shell = (line: string): Promise<string> => kernel.run('sh', '-c', line)
    const ping = await kernel.run('busybox', 'ping', '-c', '50', '-i', '0.05', '10.0.2.2')
    return {
      ping: Number(/= [\d.]+\/([\d.]+)\//.exec(ping)?.[1]),
      down: await rateOf(() => shell(`curl -sS ${url}/${mebibytes} -o /dev/null`)),
      up: await rateOf(() => shell(`head -c ${mebibytes}M /dev/zero | curl -sS -T - ${url}/ -o /dev/null`)),
      forwarded: await rateOf(() => readForwarded(kernel, forwardedPort)),
      requestsPerSecond:
        requests /
        (await secondsOf(() => shell(`curl -sS -H 'Connection: close' '${url}/[1-${requests}]?small' -o /dev/null`))),
    }
  } finally {
    await kernel[Symbol.asyncDispose]()
    set.close()
    web.close()
    web.closeAllConnections()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Serves as many MiB as its path says, or a few bytes; takes whatever it is given. */
function webServer(): Server {
  return createHttpServer((request, response) => {
    if (request.method === 'PUT') {
      request.resume().on('end', () => response.end())
      return
    }
    if (request.url!.endsWith('?small')) {
      response.end('small')
      return
    }
    let left = Number(request.url!.slice(1))
    const more = (): void => {
      while (left-- > 0)
        if (!response.write(block)) {
          response.once('drain', more)
          return
        }
      response.end()
    }
    more()
  })
}

async function readForwarded(kernel: KernelGuest, port: number): Promise<void> {
  const served = kernel.run('sh', '-c', `head -c ${mebibytes}M /dev/zero | busybox nc -l -p ${guestPort}`)
  while (!(await kernel.run('busybox', 'netstat', '-lnt')).includes(`:${guestPort} `));
  let length = 0
  const socket = connect(port, '127.0.0.1')
  for await (const bytes of socket) length += (bytes as Buffer).length
  await served
  if (length !== mebibytes << 20) throw new Error(`${length} bytes came by the forwarded port`)
}

async function rateOf(work: () => Promise<unknown>): Promise<number> {
  return (mebibytes * 8 * 1.048576) / (await secondsOf(work))
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return (performance.now() - begin) / 1000
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
