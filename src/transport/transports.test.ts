import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deferred } from '../async/index.ts'
import {
  type Address,
  connectTcp,
  connectUnix,
  type Duplex,
  type Listener,
  type ListenOptions,
  listenTcp,
  listenUnix,
  memoryPair,
  openFd,
} from './index.ts'
import { loadScmRights } from './scm-rights.ts'
import { SocketWire } from './socket-wire.ts'
import { type Joined, transportSuite } from './transport-suite.ts'
import { WireDuplex } from './wire-duplex.ts'

/** Both ends of one connection through a listener. */
async function throughListener(
  listen: (options: ListenOptions) => Promise<Listener>,
  dial: (address: Address) => Promise<Duplex>,
): Promise<Joined> {
  const accepted = deferred<Duplex>()
  const listener = await listen({ accept: (connection) => accepted.resolve(connection) })
  const near = await dial(listener.address)
  return { near, far: await accepted.promise, release: () => listener.close() }
}

function joinTcp(host: string): Promise<Joined> {
  return throughListener(
    (options) => listenTcp({ host, port: 0 }, options),
    (address) => connectTcp({ host, port: address.type === 'inet' ? address.port : 0 }),
  )
}

async function joinUnix(): Promise<Joined> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-'))
  const path = join(folder, 's')
  const joined = await throughListener(
    (options) => listenUnix(path, options),
    () => connectUnix(path),
  )
  return {
    ...joined,
    async release() {
      await joined.release?.()
      await rm(folder, { recursive: true })
    },
  }
}

/** Two sockets that are known by their descriptors alone, as a parent process would hand them over. */
async function joinFd(): Promise<Joined> {
  const { one, other, release } = await joinSockets()
  return { near: openFd(bareDescriptor(one)), far: openFd(bareDescriptor(other)), release }
}

async function joinSockets(): Promise<{ one: Socket; other: Socket; release: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-'))
  const accepted = deferred<Socket>()
  const options = { pauseOnConnect: true, allowHalfOpen: true }
  const server = createServer(options, (socket) => accepted.resolve(socket))
  await new Promise<void>((resolve) => server.listen(join(folder, 's'), resolve))
  const one = connect({ path: join(folder, 's'), allowHalfOpen: true }).pause()
  const other = await accepted.promise
  server.close()
  return { one, other, release: () => rm(folder, { recursive: true }) }
}

function bareDescriptor(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle: { fd: number } }
  const descriptor = loadScmRights()!.duplicate(handle.fd)
  socket.destroy()
  return descriptor
}

/** As where descriptors cannot be passed: Node reads the socket. */
async function joinPlainUnix(): Promise<Joined> {
  const { one, other, release } = await joinSockets()
  const [near, far] = [one, other].map((socket) => new WireDuplex(new SocketWire(socket), { kind: 'unix' }))
  return { near: near!, far: far!, release }
}

const noNative = loadScmRights() === undefined && 'the optional package koffi is missing'

transportSuite('a unix stream', joinUnix)
transportSuite('a unix stream that Node reads', joinPlainUnix)
transportSuite('a TCP stream over IPv4', () => joinTcp('127.0.0.1'))
transportSuite('a TCP stream over IPv6', () => joinTcp('::1'))
transportSuite('a stream over an inherited descriptor', joinFd, noNative)
transportSuite('a memory pair', async () => {
  const [near, far] = memoryPair()
  return { near, far }
})
