import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, test } from 'node:test'
import { promisify } from 'node:util'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import { openDisk } from '../../index.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'vmon-http-'))
after(() => rmSync(folder, { recursive: true }))
const pattern = Uint8Array.from({ length: 1_000_000 }, (_, at) => (at * 7 + (at >> 9)) & 255)

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function listen(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Answers as a server does that knows ranges. */
const serve =
  (bytes: Uint8Array): Answer =>
  ({ method, headers }, response) => {
    response.setHeader('accept-ranges', 'bytes')
    if (method === 'HEAD') return void response.setHeader('content-length', bytes.length).end()
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '')!.map(Number)
    response.statusCode = 206
    response.setHeader('content-range', `bytes ${from}-${to}/${bytes.length}`)
    response.end(bytes.subarray(from, to! + 1))
  }

async function start(answer: Answer): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(answer))}`
}

const head =
  (get: Answer): Answer =>
  (request, response) =>
    request.method === 'HEAD' ? serve(pattern)(request, response) : get(request, response)

test('a file on a web server is read, and what comes next is there already', async () => {
  const asked: (string | undefined)[] = []
  const url = await start((request, response) => {
    asked.push(request.headers.range)
    serve(pattern)(request, response)
  })
  await using disk = await openDisk(`${url}/a.raw`, { format: 'raw', readOnly: true })
  assert.equal(disk.length, 1_000_448, 'whole sectors')
  const whole = Buffer.concat([pattern, Buffer.alloc(448)])
  assert.ok(whole.equals(await disk.read(0, disk.length)))
  asked.length = 0
  for (let at = 500_000; at < 700_000; at += 4096) {
    assert.ok(whole.subarray(at, at + 4096).equals(await disk.read(at, 4096)), String(at))
  }
  assert.equal(asked.length, 0, 'the whole has just been read')
})

test('requests at the same time share what is read ahead, and little of it is kept', async () => {
  let bytes = 0
  const url = await start((request, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    if (to !== undefined) bytes += Number(to) - Number(from) + 1
    serve(pattern)(request, response)
  })
  const options = { 'file.readahead': '64k' }
  await using disk = await openDisk(`${url}/a.raw`, { format: 'raw', readOnly: true, options })
  await Promise.all(Array.from({ length: 16 }, (_, index) => disk.read(index * 4096, 4096)))
  assert.equal(bytes, 4096 + 65536)
})

test('redirects are followed, credentials stay with the server that they are for', async () => {
  const heard: (string | undefined)[] = []
  const there = await start((request, response) => {
    heard.push(request.headers.authorization)
    serve(pattern)(request, response)
  })
  const here = await start((request, response) => {
    heard.push(request.headers.authorization, request.headers.cookie)
    response.writeHead(302, { location: `${there}/real` }).end()
  })
  const options = { 'file.username': 'me', 'file.password-secret': 'word', 'file.cookie': 'a=b' }
  const secrets = { word: 'secret' }
  await using disk = await openDisk(`${here}/a.raw`, { format: 'raw', readOnly: true, options, secrets })
  assert.deepEqual(Buffer.from(await disk.read(0, 512)), Buffer.from(pattern.subarray(0, 512)))
  const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`
  assert.deepEqual(heard, [basic, 'a=b', undefined, basic, 'a=b', undefined])
})

test('a connection that ends amid an answer is tried once more', async () => {
  let gets = 0
  const url = await start(
    head((request, response) => {
      gets++
      if (gets > 1) return serve(pattern)(request, response)
      response.writeHead(206, { 'content-range': 'bytes 0-1/2', 'content-length': '300000' })
      response.write('x')
      setImmediate(() => response.destroy())
    }),
  )
  await using disk = await openDisk(`${url}/a.raw`, { format: 'raw', readOnly: true })
  assert.deepEqual(Buffer.from(await disk.read(0, 512)), Buffer.from(pattern.subarray(0, 512)))
  assert.equal(gets, 2)
})

/** What QEMU reads otherwise or dies of: to be told as an I/O error, soon. */
const hostile: Readonly<Record<string, Answer>> = {
  'another range': (_, response) =>
    response.writeHead(206, { 'content-range': 'bytes 512-9/9' }).end(Buffer.alloc(600_000)),
  'no range': (_, response) => response.writeHead(200).end(Buffer.alloc(600_000)),
  'a short body': (_, response) => response.writeHead(206, { 'content-range': 'bytes 0-9/9' }).end('short'),
  'an error': (_, response) => response.writeHead(500).end(),
  silence: () => undefined,
  'a redirect without a place': (_, response) => response.writeHead(302).end(),
  'a redirect to a file': (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  'a loop': ({ url }, response) => response.writeHead(302, { location: url! }).end(),
}
for (const [name, answer] of Object.entries(hostile)) {
  test(`a server that answers with what was not asked for is an I/O error: ${name}`, async () => {
    const url = await start(head(answer))
    const options = { 'file.timeout': '1' }
    await using disk = await openDisk(`${url}/a.raw`, { format: 'raw', readOnly: true, options })
    await assert.rejects(disk.read(0, 512), { kind: 'io', message: 'Input/output error' })
  })
}

test('a body without an end is read as far as it was asked for', async () => {
  let sent = 0
  const url = await start(
    head(({ headers }, response) => {
      const from = Number(/=(\d+)/.exec(headers.range!)![1])
      response.writeHead(206, { 'content-range': `bytes ${from}-${from + 9}/10` })
      const more = (): void => {
        sent += 65536
        if (!response.destroyed) response.write(Buffer.alloc(65536, 9), more)
      }
      more()
    }),
  )
  await using disk = await openDisk(`${url}/a.raw`, { format: 'raw', readOnly: true })
  assert.deepEqual(new Uint8Array(await disk.read(0, 512)), new Uint8Array(512).fill(9))
  assert.ok(sent < 64 * 2 ** 20)
})

const skip = missingProgram('qemu-img') || missingCurl()

/** QEMU's driver comes in a package of its own. */
function missingCurl(): string | false {
  try {
    execFileSync('qemu-img', ['info', 'http://127.0.0.1:1/'], { stdio: 'pipe' })
  } catch (error) {
    if (!String((error as { stderr?: Buffer }).stderr).includes('Unknown protocol')) return false
  }
  return 'QEMU has no curl driver here (qemu-block-extra)'
}

/** The last line that says why an image cannot be opened. */
async function refusalOfQemu(image: string): Promise<string> {
  const failed = await run('qemu-img', ['info', image]).catch((error: { stderr: string }) => error)
  const line = failed.stderr.split('\n').find((text) => text.startsWith('qemu-img: Could not open'))
  return line!.replace(/^qemu-img: Could not open '.*?': /, '')
}

const refusals: Readonly<Record<string, Answer>> = {
  'not found': (_, response) => response.writeHead(404).end(),
  broken: (_, response) => response.writeHead(500).end(),
  'no ranges': (_, response) => response.setHeader('content-length', 512).end(),
  'no length': (_, response) => response.writeHead(200, { 'accept-ranges': 'bytes' }).end(),
}
for (const [name, answer] of Object.entries(refusals)) {
  test(`a file that cannot be opened is refused in QEMU's words: ${name}`, { skip }, async () => {
    const url = await start(answer)
    const message = await refusalOfQemu(url)
    await assert.rejects(openDisk(url, { readOnly: true }), { message })
  })
}

for (const options of [
  { driver: 'http' },
  { driver: 'http', url: 'ftp://x/' },
  { driver: 'https', url: 'http://x/' },
  { driver: 'http', url: 'http://x/', readahead: '1000' },
  { driver: 'http', url: 'http://x/', timeout: '99999' },
  { driver: 'http', url: 'http://x/', 'password-secret': 'x', username: 'y' },
]) {
  test(`options are refused in QEMU's words: ${JSON.stringify(options)}`, { skip }, async () => {
    const image = `json:${JSON.stringify({ driver: 'raw', file: options })}`
    const message = await refusalOfQemu(image)
    await assert.rejects(openDisk(image, { readOnly: true }), { message })
  })
}

test('nobody writes to a web server', async () => {
  const url = await start(serve(pattern))
  await assert.rejects(openDisk(url, { format: 'raw' }), { message: /curl driver does not support writes/ })
})

test('vmon img and qemu-img say the same of an image on a web server', { skip }, async () => {
  const [plain, packed] = [join(folder, 'plain.raw'), join(folder, 'packed.qcow2')]
  writeFileSync(plain, pattern.subarray(0, 999_936))
  execFileSync('qemu-img', ['convert', '-c', '-f', 'raw', '-O', 'qcow2', plain, packed])
  const url = `${await start(serve(readFileSync(packed)))}/packed.qcow2`
  const bin = new URL('../../../../../bin/vmon.js', import.meta.url).pathname
  for (const words of [['info'], ['info', '--output=json'], ['map', '--output=json'], ['check']]) {
    const ours = await run(process.execPath, [bin, 'img', ...words, url])
    assert.equal(ours.stdout, (await run('qemu-img', [...words, url])).stdout, words.join(' '))
  }
  await run(process.execPath, [bin, 'img', 'convert', '-O', 'raw', url, join(folder, 'copy.raw')])
  assert.ok(readFileSync(plain).equals(readFileSync(join(folder, 'copy.raw'))))
})

test('a certificate must be right, unless nobody cares', { skip: missingProgram('openssl') }, async () => {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost']
  execFileSync('openssl', [...words, '-keyout', key, '-out', cert], { stdio: 'pipe' })
  const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, serve(pattern))
  const url = `https://127.0.0.1:${await listen(server as unknown as Server)}/a.raw`
  await assert.rejects(openDisk(url, { format: 'raw', readOnly: true }), {
    message: /^Could not open .*self-signed|CURL: Error opening file: self-signed certificate/,
  })
  const options = { 'file.sslverify': 'off' }
  await using disk = await openDisk(url, { format: 'raw', readOnly: true, options })
  assert.deepEqual(Buffer.from(await disk.read(0, 512)), Buffer.from(pattern.subarray(0, 512)))
})
