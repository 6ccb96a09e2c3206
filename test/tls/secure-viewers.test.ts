import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { toolObjects } from '../../src/objects/index.ts'
import { type Duplex, memoryPair, restartable, secured } from '../../src/transport/index.ts'
import { answerTo } from '../../src/vnc/vnc-challenge.ts'
import { missingProgram } from '../oracle/peers.ts'
import { DisplayBench } from '../vnc/display-bench.ts'
import { be32 } from '../vnc/picture-decoder.ts'
import { RfbClient } from '../vnc/rfb-client.ts'
import { Browser } from '../websocket/browser.ts'
import { type TestCredentials, testCredentials } from './credentials.ts'

const skip = missingProgram('openssl')
let made: TestCredentials
before(async () => {
  if (skip === false) made = await testCredentials()
})
after(() => made?.[Symbol.asyncDispose]())

const anonymous = ['tls-creds-anon,id=s,endpoint=server', 'tls-creds-anon,id=c']
const certified = (client = made.client): string[] => [
  `tls-creds-x509,id=s,endpoint=server,dir=${made.server}`,
  `tls-creds-x509,id=c,dir=${client}`,
]

function benchOf(objects: readonly string[], password = false): Promise<DisplayBench> {
  const services = toolObjects(objects)
  const kind = services.credentials('s', 'server').material.kind === 'anon' ? 'tls' : 'x509'
  const tls = { kind, secure: services.securingServer('s'), reload: () => services.reloadCredentials('s') } as const
  return DisplayBench.open({ password }, { tls, ...(password && { password: 'secret' }) })
}

/** Speaks with a display up to the point where TLS is to begin. */
async function agree(plain: Duplex, subtype: number): Promise<void> {
  const client = new RfbClient(plain)
  await client.take(12)
  client.send('RFB 003.008\n')
  assert.deepEqual([...(await client.take(2))], [1, 19])
  client.send(19)
  assert.deepEqual([...(await client.take(2))], [0, 2])
  client.send(0, 2)
  assert.deepEqual([...(await client.take(6))], [0, 1, 0, 0, subtype >> 8, subtype & 0xff])
  client.send(0, 0, subtype >> 8, subtype & 0xff)
  assert.deepEqual([...(await client.take(1))], [1])
}

test('viewers are shown the screen through TLS: anonymous or with certificates, with and without a password', {
  skip,
}, async () => {
  for (const [objects, password, subtype, name] of [
    [anonymous, false, 257, 'tls-none'],
    [anonymous, true, 258, 'tls-vnc'],
    [certified(), false, 260, 'x509-none'],
    [certified(), true, 261, 'x509-vnc'],
  ] as const) {
    await using bench = await benchOf(objects, password)
    const info = bench.display.info()
    assert.deepEqual([info.auth, info.vencrypt], ['vencrypt', name])
    bench.canvas.paint(0x336699)
    const [ours, theirs] = memoryPair()
    bench.display.addClient(ours)
    const plain = restartable(theirs)
    await agree(plain, subtype)
    const { stream } = await secured(plain, toolObjects(objects).credentials('c', 'client'), { hostname: 'localhost' })
    const client = new RfbClient(stream)
    if (password) client.send(answerTo(await client.take(16), 'secret'))
    assert.equal(be32(await client.take(4)), 0)
    client.send(1)
    await client.initialized()
    client.request(false)
    await client.until(0)
    assert.ok(client.picture.pixels.every((pixel) => pixel === 0x336699))
    const dname = bench.display.info().clients[0]?.x509_dname
    assert.equal(dname, objects === anonymous ? undefined : 'C=GB,O=Example\\, Inc,CN=client1')
    client.close()
    await bench.idle()
    assert.deepEqual(bench.events, ['VNC_CONNECTED', 'VNC_INITIALIZED', 'VNC_DISCONNECTED'])
  }
})

test('who wants another way, an old version, or shows no certificate is sent away', { skip }, async () => {
  await using bench = await benchOf(certified(), true)
  const begin = async (version: string): Promise<RfbClient> => {
    const client = bench.connect()
    await client.take(12)
    client.send(version)
    return client
  }
  const old = await begin('RFB 003.003\n')
  assert.deepEqual([...(await old.gone())], [0, 0, 0, 0])
  const plain = await begin('RFB 003.008\n')
  await plain.take(2)
  plain.send(2)
  assert.match(Buffer.from(await plain.gone()).toString('latin1'), /Authentication failed$/)
  const other = await begin('RFB 003.008\n')
  await other.take(2)
  other.send(19, 0, 1)
  assert.deepEqual([...(await other.gone())], [0, 2, 1])
  const cheap = await begin('RFB 003.008\n')
  await cheap.take(2)
  cheap.send(19)
  await cheap.take(2)
  cheap.send(0, 2)
  await cheap.take(6)
  cheap.send(0, 0, 1, 2)
  assert.deepEqual([...(await cheap.gone())], [0])
  const [ours, theirs] = memoryPair()
  bench.display.addClient(ours)
  const bare = restartable(theirs)
  await agree(bare, 261)
  const credentials = toolObjects(certified(made.bare)).credentials('c', 'client')
  const { stream } = await secured(bare, credentials, { hostname: 'localhost' })
  assert.equal((await new RfbClient(stream).gone()).length, 0)
  stream.destroy()
  // Who need not prove who it is need not speak TLS, either.
  const trusted = bench.connect(true)
  await trusted.enter()
  trusted.close()
  await bench.idle()
})

test('browsers speak TLS first, then ask for a WebSocket', { skip }, async () => {
  await using bench = await benchOf(certified())
  bench.canvas.paint(0x112233)
  const [ours, theirs] = memoryPair()
  bench.display.addClient(ours, false, true)
  const { stream } = await secured(theirs, toolObjects(certified()).credentials('c', 'client'), {
    hostname: 'localhost',
  })
  const browser = new Browser(stream)
  browser.open()
  assert.match(await browser.opened, / 101 /)
  const client = new RfbClient(browser.stream)
  await client.enter()
  client.request(false)
  await client.until(0)
  assert.ok(client.picture.pixels.every((pixel) => pixel === 0x112233))
  client.close()
  stream.destroy()
  await bench.idle()
})
