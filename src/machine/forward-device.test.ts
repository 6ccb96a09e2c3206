import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { ChardevSet } from '../chardev/index.ts'
import { openForwardDevice } from './forward-device.ts'

test('a character device hears each connection, and the one that came first hears it', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const chardevs = new ChardevSet()
  const label = 'guestfwd.tcp.80'
  const [device, [peer]] = (await Promise.all([
    openForwardDevice(chardevs, { target: `tcp:127.0.0.1:${port}`, label, signal: undefined }),
    once(server, 'connection'),
  ])) as [Awaited<ReturnType<typeof openForwardDevice>>, [Socket]]
  assert.equal(chardevs.has(label), true)
  peer.write('early') // it waits for a connection
  const [first, second] = [device.connection(), device.connection()]
  assert.equal(String((await once(first, 'data'))[0]), 'early')
  second.write('from the second')
  assert.equal(String((await once(peer, 'data'))[0]), 'from the second')
  first.end()
  await once(first, 'close') // who has ended hears no more
  peer.write('next')
  assert.equal(String((await once(second, 'data'))[0]), 'next')
  const left = once(peer, 'close')
  peer.resume()
  device.close()
  await left
  await new Promise((resolve) => server.close(resolve))
  await chardevs.close()
})

test('who has said all to a character device hears its answer, until another connection is there', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const chardevs = new ChardevSet()
  const [device, [peer]] = (await Promise.all([
    openForwardDevice(chardevs, { target: `tcp:127.0.0.1:${port}`, label: 'guestfwd.tcp.80', signal: undefined }),
    once(server, 'connection'),
  ])) as [Awaited<ReturnType<typeof openForwardDevice>>, [Socket]]
  const first = device.connection()
  first.end('a question')
  assert.equal(String((await once(peer, 'data'))[0]), 'a question')
  peer.write('its answer')
  assert.equal(String((await once(first, 'data'))[0]), 'its answer')
  const over = once(first, 'close')
  const second = device.connection()
  await over
  peer.write('for the second')
  assert.equal(String((await once(second, 'data'))[0]), 'for the second')
  device.close()
  peer.destroy()
  await new Promise((resolve) => server.close(resolve))
  await chardevs.close()
})

test('who has said all and does not read what it has heard does not keep the device from the next one', async () => {
  for (const answer of ['short', 'long'.repeat(100_000)]) {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const chardevs = new ChardevSet()
    const [device, [peer]] = (await Promise.all([
      openForwardDevice(chardevs, { target: `tcp:127.0.0.1:${port}`, label: 'guestfwd.tcp.80', signal: undefined }),
      once(server, 'connection'),
    ])) as [Awaited<ReturnType<typeof openForwardDevice>>, [Socket]]
    const first = device.connection()
    first.end('a question')
    assert.equal(String((await once(peer, 'data'))[0]), 'a question')
    const unread = once(first, 'readable')
    peer.write(answer)
    await unread // and it stays so, as with a guest whose window is full
    const second = device.connection()
    peer.write('.')
    const heard = await allUntil(second, '.')
    assert.equal((await allUntil(first)) + heard, `${answer}.`)
    device.close()
    peer.destroy()
    await new Promise((resolve) => server.close(resolve))
    await chardevs.close()
  }
})

test('a device that there is not is refused', async () => {
  const chardevs = new ChardevSet()
  for (const target of ['chardev:nosuch', '', 'foo:bar', 'tcp:127.0.0.1:9'])
    await assert.rejects(openForwardDevice(chardevs, { target, label: 'guestfwd.tcp.1', signal: undefined }), {
      message: "Could not open guest forwarding device 'guestfwd.tcp.1'",
    })
  assert.equal(chardevs.has('guestfwd.tcp.1'), false)
})

/** All that comes until it ends so, or at all. */
async function allUntil(stream: Readable, end?: string): Promise<string> {
  let text = ''
  for await (const bytes of stream) {
    text += String(bytes)
    if (end !== undefined && text.endsWith(end)) break
  }
  return text
}
