import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { masked } from '../../test/websocket/browser.ts'
import { deferred } from '../async/index.ts'
import { type Duplex, memoryPair } from '../transport/index.ts'
import { ConsoleServer } from './console-server.ts'

/** A server over services that answer with what they are told, twice. */
async function opened(patienceMs?: number, qmp?: () => Promise<Duplex>) {
  const echo = (): Duplex => {
    const [ours, theirs] = memoryPair()
    ours.start({ data: (chunk) => void ours.write(Buffer.concat([chunk, chunk])), end: () => void ours.close() })
    return theirs
  }
  const services = { name: 'lab', qmp: qmp ?? echo, screen: echo, serial: [{ name: 'COM1', open: echo }] }
  const server = await ConsoleServer.open(
    { host: '127.0.0.1', port: 0 },
    { services, log: () => undefined, ...(patienceMs !== undefined && { patienceMs }) },
  )
  const [control, watch] = (['control', 'watch'] as const).map((rights) => new URL(server.url(rights)))
  return { server, control: control!, watch: watch! }
}

/** Sends bytes as they are. @returns all that comes until the server ends the connection */
async function exchange(url: URL, bytes: string): Promise<string> {
  const socket = connect(Number(url.port), url.hostname)
  let said = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (said += chunk))
  socket.on('error', () => undefined)
  socket.write(bytes)
  await once(socket, 'close')
  return said
}

const get = (url: URL, path: string, fields: Readonly<Record<string, string>> = {}): Promise<string> => {
  const lines = Object.entries({ Host: url.host, Connection: 'close', ...fields }).map(
    ([name, text]) => `${name}: ${text}`,
  )
  return exchange(url, [`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'))
}
const status = (response: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(response)?.[1])

test('the page is served to who has a link, with a policy that lets it load nothing from elsewhere', async () => {
  const { server, control, watch } = await opened()
  await using _ = server
  const page = await get(control, control.pathname)
  assert.equal(status(page), 200)
  assert.match(page, /<script type="module" src="main.js">/)
  for (const line of [/default-src 'none'; script-src 'self'/, /frame-ancestors 'none'/, /nosniff/, /no-referrer/])
    assert.match(page, line)
  assert.doesNotMatch(page, /Set-Cookie/i)
  const about = async (url: URL) => JSON.parse((await get(url, `${url.pathname}about.json`)).split('\r\n\r\n')[1]!)
  assert.deepEqual(await about(control), {
    name: 'lab',
    rights: 'control',
    screen: true,
    viewer: 'novnc',
    serial: ['COM1'],
  })
  assert.equal((await about(watch)).rights, 'watch')
  assert.equal(status(await get(control, `${control.pathname}novnc/core/rfb.js`)), 200)
})

test('without a link nothing is served, nor by another name, nor what is no file of the page', async () => {
  const { server, control } = await opened()
  await using _ = server
  const { pathname, port } = control
  for (const path of ['/', '/index.html', '//', `/${'A'.repeat(32)}/`, `${pathname.slice(0, -2)}/`, `/x${pathname}`])
    assert.equal(status(await get(control, path)), 403, path)
  for (const Host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    '10.0.0.1',
    '',
  ])
    assert.equal(status(await get(control, pathname, { Host })), 421, Host)
  for (const Host of [`localhost:${port}`, '127.0.0.1', `[::1]:${port}`])
    assert.equal(status(await get(control, pathname, { Host })), 200, Host)
  const outside = [
    '../cli/main.cjs',
    '../../package.json',
    '%2e%2e/cli/main.cjs',
    '..%2fcli%2fmain.cjs',
    '..\\cli',
    '/etc/passwd',
  ]
  for (const name of [
    ...outside,
    'novnc/../../../../etc/passwd',
    'novnc/package.json',
    'main.js%00',
    'constructor',
    'novnc',
  ])
    assert.equal(status(await get(control, `${pathname}${name}`)), 404, name)
  assert.equal(
    status(await exchange(control, `POST ${pathname} HTTP/1.1\r\nHost: ${control.host}\r\nContent-Length: 1\r\n\r\nx`)),
    405,
  )
  assert.equal(status(await exchange(control, `GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n`)), 421)
})

test('headers without end, requests that never end, and nonsense are cut off, and others are served meanwhile', async () => {
  const { server, control } = await opened(300)
  await using _ = server
  assert.equal(status(await get(control, control.pathname, { Filler: 'x'.repeat(20_000) })), 431)
  assert.equal(status(await exchange(control, '\x16\x03\x01 no HTTP at all\r\n\r\n')), 400)
  const slow = Array.from({ length: 20 }, () =>
    exchange(control, `GET ${control.pathname} HTTP/1.1\r\nHost: ${control.host}\r\nX-Slow`),
  )
  assert.equal(status(await get(control, control.pathname)), 200)
  for (const response of await Promise.all(slow)) assert.equal(status(response), 408)
})

/** Asks for a WebSocket. @returns the connection, and what was answered first */
async function upgrade(url: URL, name: string, fields: Readonly<Record<string, string>>): Promise<[Socket, string]> {
  const socket = connect(Number(url.port), url.hostname)
  const wanted = { Host: url.host, Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13' }
  const lines = Object.entries({ ...wanted, 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', ...fields })
  socket.on('error', () => undefined)
  socket.write(
    [`GET ${url.pathname}${name} HTTP/1.1`, ...lines.map(([key, text]) => `${key}: ${text}`), '', ''].join('\r\n'),
  )
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  return [socket, chunk.toString('latin1')]
}

test('WebSockets are for the pages of the server alone, and lead to the parts of the machine', async () => {
  const { server, control, watch } = await opened()
  await using _ = server
  const refused = async (url: URL, name: string, fields: Readonly<Record<string, string>>): Promise<number> => {
    const [socket, said] = await upgrade(url, name, fields)
    socket.destroy()
    return status(said)
  }
  const own = { Origin: control.origin }
  for (const Origin of ['http://evil.example', 'null', `https://${control.host}`, `${control.origin}.evil.example`])
    assert.equal(await refused(control, 'qmp', { Origin }), 403, Origin)
  assert.equal(await refused(control, 'qmp', {}), 403, 'no origin')
  assert.equal(await refused(control, 'qmp', { Host: 'evil.example', Origin: 'http://evil.example' }), 421)
  assert.equal(await refused(new URL('/', control), 'qmp', own), 403, 'no token')
  for (const name of ['', 'nothing', 'serial/1', 'serial/-1', '../qmp'])
    assert.equal(await refused(control, name, own), 404, name)
  assert.equal(await refused(control, 'qmp', { ...own, 'Sec-WebSocket-Key': 'x' }), 400)
  for (const [url, name, answer] of [
    [control, 'screen', 'hallohallo'],
    [control, 'serial/0', 'hallohallo'],
    [watch, 'qmp', '{"error": {"class": "GenericError", "desc": "This link is for looking only"}}\n'],
  ] as const) {
    const [socket, said] = await upgrade(url, name, own)
    assert.equal(status(said), 101)
    socket.write(masked(2, Buffer.from(name === 'qmp' ? '{"execute": "stop"}' : 'hallo')))
    const [frame] = (await once(socket, 'data')) as [Buffer]
    assert.equal(frame.subarray(2).toString(), answer)
    socket.destroy()
  }
})

test('a viewer that leaves, or is sent away, while its service is opened leaves no connection to the machine', async () => {
  for (const leave of ['reset', 'close'] as const) {
    const [service, machine] = memoryPair()
    const wanted = deferred()
    const connected = deferred<Duplex>()
    const { server, control } = await opened(undefined, () => {
      wanted.resolve()
      return connected.promise
    })
    await using _ = server
    const [socket] = await upgrade(control, 'qmp', { Origin: control.origin })
    await wanted.promise
    if (leave === 'reset') socket.resetAndDestroy()
    else void server.close()
    for (let count = 0; count < 50; count++) await turn()
    connected.resolve(service)
    machine.start({ data: () => undefined, end: () => void machine.close() })
    await machine.closed
    socket.destroy()
  }
})
