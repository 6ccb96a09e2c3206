/** More clients than a process has descriptors for: some are turned away, the machine and the others do not notice. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { it } from 'node:test'
import { PlainClient } from '../interop/plain-client.ts'
import { vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'

const timeout = 60_000
const words = [
  '-display',
  'none',
  '-nodefaults',
  '-vga',
  'std',
  '-qmp',
  'unix:qmp.sock,server=on,wait=off',
  '-serial',
  'pty',
]

/** Settles when a client has been greeted, or turned away. */
async function settled(socket: Socket): Promise<'greeted' | 'turned away'> {
  const over = new AbortController()
  const { signal } = over
  const outcome = await Promise.race([
    once(socket, 'data', { signal }).then(() => 'greeted' as const),
    once(socket, 'close', { signal }).then(() => 'turned away' as const),
  ])
  over.abort()
  return outcome
}

it('forty clients of a process with 64 descriptors: those who are in are served, later ones as places are free', {
  timeout,
}, async (t) => {
  await using server = await Server.start(['/bin/sh', '-c', 'ulimit -n 64; exec "$@"', 'sh', ...vmon.command, ...words])
  await server.listening('qmp.sock')
  using first = await PlainClient.open(server.path('qmp.sock'))
  await first.execute('query-pci') // the board is there
  const sockets = Array.from({ length: 80 }, () => connect(server.path('qmp.sock')))
  for (const socket of sockets) socket.on('error', () => undefined)
  const outcomes = await Promise.all(sockets.map(settled))
  const greeted = outcomes.filter((outcome) => outcome === 'greeted').length
  t.diagnostic(`${greeted} of ${sockets.length} clients were greeted`)
  assert.ok(greeted > 0 && greeted < sockets.length)
  // Nothing can be opened now: the client is told so, or is served where nothing needs to be.
  assert.equal(((await first.execute('query-status')) as { running: boolean }).running, true)
  const dump = { filename: server.path('picture.ppm') }
  await assert.rejects(first.execute('screendump', dump), /Too many open files/)
  for (const socket of sockets) socket.destroy()
  await Promise.all(sockets.map((socket) => (socket.closed ? undefined : once(socket, 'close'))))
  using later = await PlainClient.open(server.path('qmp.sock'))
  await later.execute('screendump', dump)
  assert.deepEqual({ ...(await server.stop()), stderr: '' }, { status: 0, signal: null, stderr: '' })
})
