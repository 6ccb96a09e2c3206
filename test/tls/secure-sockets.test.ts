import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Chardev, type ChardevKeys, openChardev, readChardevOptions } from '../../src/chardev/index.ts'
import { toolObjects } from '../../src/objects/index.ts'
import { connectUnix, type Duplex } from '../../src/transport/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { Browser } from '../websocket/browser.ts'
import { type TestCredentials, testCredentials } from './credentials.ts'

const skip = missingProgram('openssl')
let made: TestCredentials
before(async () => {
  if (skip === false) made = await testCredentials()
})
after(() => made?.[Symbol.asyncDispose]())

function open(keys: ChardevKeys): Promise<Chardev> {
  const securing = toolObjects([
    `tls-creds-x509,id=s,endpoint=server,dir=${made.server}`,
    `tls-creds-x509,id=c,endpoint=client,dir=${made.client}`,
    `authz-simple,id=nobody,identity=nobody`,
  ])
  return openChardev(readChardevOptions({ id: 'c', backend: 'socket', ...keys }), { securing })
}

const listening = { host: '127.0.0.1', port: '0', server: 'on', wait: 'off' } as const

/** Where a device listens. */
function portOf({ filename }: Chardev): string {
  return /\d+(?=,)/.exec(filename)![0]
}

/** Gives a device a front end that says `hello;`, and what it gets again in brackets. */
function answerer(device: Chardev): void {
  device.attach({
    concurrent: false,
    connection(stream) {
      stream.write('hello;')
      stream.start({ data: (chunk) => stream.write(`<${Buffer.from(chunk)}>`), end: () => void stream.close() })
    },
  })
}

/** What a program says when it is told something, until it has said so much. */
async function conversation(words: readonly string[], told: string, until: string): Promise<string> {
  const program = spawn('openssl', words, { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = new Promise((resolve) => program.once('exit', resolve))
  let said = ''
  await new Promise<void>((resolve) => {
    program.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (said === '') program.stdin.write(told)
      said += text
      if (said.includes(until)) resolve()
    })
    program.once('exit', () => resolve())
  })
  program.kill()
  await ended
  return said
}

const client = (...more: string[]): string[] => ['s_client', '-quiet', '-CAfile', `${made.server}/ca-cert.pem`, ...more]

test('a socket that listens speaks TLS with whoever may come, and tells its name as if it were none', {
  skip,
}, async () => {
  await using device = await open({ ...listening, 'tls-creds': 's' })
  answerer(device)
  assert.match(device.filename, /^disconnected:tcp:127\.0\.0\.1:\d+,server=on$/)
  const own = ['-cert', `${made.client}/client-cert.pem`, '-key', `${made.client}/client-key.pem`]
  const address = ['-connect', `localhost:${portOf(device)}`]
  assert.equal(await conversation(client(...own, ...address), 'one', '<one>'), 'hello;<one>')
  // Who shows no certificate does not reach the front end, and keeps nobody out.
  assert.equal(await conversation(client(...address), 'two', '<two>'), '')
  assert.equal(await conversation(client(...own, ...address), 'three', '<three>'), 'hello;<three>')
})

test('who may not come is sent away', { skip }, async () => {
  await using device = await open({ ...listening, 'tls-creds': 's', 'tls-authz': 'nobody' })
  answerer(device)
  const own = ['-cert', `${made.client}/client-cert.pem`, '-key', `${made.client}/client-key.pem`]
  assert.equal(await conversation(client(...own, '-connect', `localhost:${portOf(device)}`), 'x', '<x>'), '')
})

test('a socket that connects speaks TLS, too, and so do two of ours', { skip }, async () => {
  await using server = await open({ ...listening, 'tls-creds': 's' })
  answerer(server)
  await using connecting = await open({ host: 'localhost', port: portOf(server), 'tls-creds': 'c' })
  let heard = ''
  await new Promise<void>((resolve) =>
    connecting.attach({
      concurrent: false,
      connection(stream) {
        stream.start({
          data(chunk) {
            if (heard === '') stream.write('ping')
            heard += chunk
            if (heard.endsWith('>')) resolve()
          },
        })
      },
    }),
  )
  assert.equal(heard, 'hello;<ping>')
})

test('credentials that are not there, or not for that end, are told before anything else', { skip }, async () => {
  const path = join(made.folder, 'x.sock')
  const refusals: readonly (readonly [ChardevKeys, string])[] = [
    [{ server: 'on', wait: 'off', 'tls-creds': 'x' }, "No TLS credentials with id 'x'"],
    [{ server: 'on', wait: 'off', 'tls-creds': 'nobody' }, "Object with id 'nobody' is not TLS credentials"],
    [{ server: 'on', wait: 'off', 'tls-creds': 'c' }, 'Expected TLS credentials for a server endpoint'],
    [{ 'tls-creds': 's' }, 'Expected TLS credentials for a client endpoint'],
    [{ websocket: 'on', 'tls-creds': 'x' }, "No TLS credentials with id 'x'"],
    [{ websocket: 'on', 'tls-creds': 'c' }, "'tls_creds' option is incompatible with 'unix' address type"],
  ]
  for (const [keys, text] of refusals)
    await assert.rejects(open({ path, ...keys }), (error: Error) => error.message === text, text)
})

test('a browser is served inside a WebSocket; who asks for something else is not', { skip }, async () => {
  const path = join(made.folder, 'web.sock')
  await using device = await open({ path, server: 'on', wait: 'off', websocket: 'on' })
  answerer(device)
  const stray = await connectUnix(path)
  assert.match(await said(stray, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1\.1 400 /)
  const outside = await connectUnix(path)
  const browser = new Browser(outside)
  browser.open()
  assert.match(await browser.opened, / 101 /)
  let heard = ''
  await new Promise<void>((resolve) => {
    browser.stream.start({
      data(chunk) {
        heard += chunk
        if (heard.endsWith(';')) browser.stream.write('ping')
        if (heard.endsWith('>')) resolve()
      },
    })
  })
  assert.equal(heard, 'hello;<ping>')
  outside.destroy()
})

function said(stream: Duplex, text: string): Promise<string> {
  let heard = ''
  return new Promise((resolve) => {
    stream.start({ data: (chunk) => (heard += chunk), end: () => void stream.close(), closed: () => resolve(heard) })
    stream.write(text)
  })
}
