import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { connectTcp, type Duplex, listenTcp } from './index.ts'

const ignore = { accept: (stream: Duplex) => stream.destroy() }

async function takenPort(): Promise<{ port: number; free: () => void }> {
  const server = createServer()
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, free: () => server.close() }
}

test('both ends know their addresses', async () => {
  const accepted: Duplex[] = []
  await using listener = await listenTcp({ host: '::1', port: 0 }, { accept: (stream) => accepted.push(stream) })
  const { address } = listener
  assert.ok(address.type === 'inet' && address.port > 0 && address.ipv6)
  await using stream = await connectTcp({ host: '::1', port: address.port })
  assert.deepEqual(stream.remote, address)
  while (accepted.length === 0) await new Promise(setImmediate)
  assert.deepEqual(accepted[0]!.remote, stream.local)
  assert.deepEqual(accepted[0]!.local, address)
  accepted[0]!.destroy()
  stream.destroy()
  await listener.close()
})

test('without a host, only this machine is let in', async () => {
  await using listener = await listenTcp({ port: 0 }, ignore)
  assert.match(String((listener.address as { host: string }).host), /^(127\.0\.0\.1|::1)$/)
  await listener.close()
})

test('a port in use is told, or stepped over where a range is given', async () => {
  const { port, free } = await takenPort()
  try {
    const host = '127.0.0.1'
    await assert.rejects(listenTcp({ host, port }, ignore), {
      message: 'Failed to find an available port: Address already in use',
      kind: 'listen',
    })
    await using listener = await listenTcp({ host, port: String(port), to: port + 50 }, ignore)
    assert.ok(listener.address.type === 'inet' && listener.address.port > port)
    await listener.close()
  } finally {
    free()
  }
})

test('an address that is not ours, a name or a port that means nothing are told in the words of QEMU 7.2', async () => {
  const cases = [
    [{ host: '192.0.2.1', port: 4444 }, 'Failed to bind socket: Cannot assign requested address'],
    [
      { host: '127.0.0.1', port: 'abc' },
      'address resolution failed for 127.0.0.1:abc: Servname not supported for ai_socktype',
    ],
    [
      { host: '127.0.0.1', port: 4444, ipv4: false },
      'address resolution failed for 127.0.0.1:4444: Address family for hostname not supported',
    ],
    [{ host: '127.0.0.1', port: 4444, ipv4: false, ipv6: false }, 'Cannot disable IPv4 and IPv6 at same time'],
    [
      { host: 'nosuchhost.invalid', port: 4444 },
      'address resolution failed for nosuchhost.invalid:4444: Name or service not known',
    ],
  ] as const
  for (const [target, message] of cases) await assert.rejects(listenTcp(target, ignore), { message })
})

test('nobody there is told', async () => {
  const { port, free } = await takenPort()
  free()
  await assert.rejects(connectTcp({ host: '127.0.0.1', port }), {
    message: `Failed to connect to '127.0.0.1:${port}': Connection refused`,
    kind: 'connect',
  })
  await assert.rejects(
    connectTcp({ host: '127.0.0.1', port }, { signal: AbortSignal.abort(new Error('no')) }),
    /^Error: no$/,
  )
})

test('a name is listened on under each of its addresses, and narrowed to a family', async () => {
  await using listener = await listenTcp({ host: 'localhost', port: 0, ipv4: true }, ignore)
  assert.equal((listener.address as { host: string }).host, '127.0.0.1')
  await listener.close()
})
