import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { toolObjects } from '../../src/objects/index.ts'
import { type Duplex, memoryPair, restartable, type SecureStream, secured } from '../../src/transport/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { type TestCredentials, testCredentials } from './credentials.ts'

const skip = missingProgram('openssl')
let made: TestCredentials
before(async () => {
  if (skip === false) made = await testCredentials()
})
after(() => made?.[Symbol.asyncDispose]())

const server = (more = ''): string => `tls-creds-x509,id=s,endpoint=server,dir=${made.server}${more}`
const client = (dir: string, more = ''): string => `tls-creds-x509,id=c,endpoint=client,dir=${dir}${more}`

interface Ends {
  readonly server: string
  readonly client: string
  readonly more?: readonly string[]
  readonly authz?: string
  readonly hostname?: string
}

/** What becomes of the two ends of a stream that are to be secured. */
async function meet(ends: Ends): Promise<{ readonly server: Result; readonly client: Result }> {
  const objects = toolObjects([ends.server, ends.client, ...(ends.more ?? [])])
  const [ours, theirs] = memoryPair()
  const serving = settled(objects.securingServer('s', ends.authz)(ours))
  const asking = settled(objects.securingClient('c', ends.hostname)(theirs))
  return { server: await serving, client: await asking }
}

type Result = SecureStream | string

function settled(promise: Promise<SecureStream>): Promise<Result> {
  return promise.catch((error: Error) => error.message)
}

function streamOf(result: Result): Duplex {
  assert.ok(typeof result !== 'string', result as string)
  return result.stream
}

/** Sends bytes and ends; reads all that the other side sends. */
function exchange(stream: Duplex, bytes: Uint8Array): Promise<Buffer> {
  const read: Uint8Array[] = []
  return new Promise((resolve) => {
    stream.start({ data: (chunk) => void read.push(chunk), end: () => resolve(Buffer.concat(read)) })
    stream.write(bytes)
    stream.end()
  })
}

const kinds: readonly (readonly [name: string, ends: () => Ends])[] = [
  ['certificates', () => ({ server: server(), client: client(made.client), hostname: 'localhost' })],
  [
    'certificates and TLS 1.2',
    () => ({
      server: server(),
      client: client(made.client, ',priority=NORMAL:-VERS-TLS-ALL:+VERS-TLS1.2'),
      hostname: '127.0.0.1',
    }),
  ],
  ['nobody named', () => ({ server: 'tls-creds-anon,id=s,endpoint=server', client: 'tls-creds-anon,id=c' })],
  [
    'keys',
    () => ({
      server: `tls-creds-psk,id=s,endpoint=server,dir=${made.keys}`,
      client: `tls-creds-psk,id=c,dir=${made.keys}`,
    }),
  ],
]

test('both sides read what the other has written, and its end', { skip }, async () => {
  const sent = [Buffer.alloc(3 << 20, 'there and '), Buffer.alloc(2 << 20, 'back again ')] as const
  for (const [name, ends] of kinds) {
    const { server: ours, client: theirs } = await meet(ends())
    const [one, other] = [streamOf(ours), streamOf(theirs)]
    const [first, second] = await Promise.all([exchange(one, sent[0]), exchange(other, sent[1])])
    assert.ok(first.equals(sent[1]) && second.equals(sent[0]), name)
    await Promise.all([one.closed, other.closed])
  }
})

test('what was written last arrives though the writer closes at once', { skip }, async () => {
  const { server: ours, client: theirs } = await meet({ ...kinds[0]![1]() })
  const [one, other] = [streamOf(ours), streamOf(theirs)]
  const bytes = Buffer.alloc(5 << 20, 'the last words ')
  const reading = exchange(other, Buffer.alloc(0))
  one.start({ data: () => undefined })
  one.write(bytes)
  await one.close()
  assert.ok((await reading).equals(bytes))
})

test('a reader that pauses holds the writer up', { skip }, async () => {
  const { server: ours, client: theirs } = await meet(kinds[0]![1]())
  const [one, other] = [streamOf(ours), streamOf(theirs)]
  other.start({ data: () => undefined, end: () => void other.close() })
  other.pause()
  let drained = false
  one.start({ data: () => undefined, drain: () => (drained = true) })
  const bytes = Buffer.alloc(1 << 20)
  let written = 0
  while (one.write(bytes) && written < 64) written++
  for (let more = 0; more < 8; more++) one.write(bytes)
  await new Promise((resolve) => setImmediate(resolve))
  assert.ok(!drained && one.buffered > 4 << 20, String(one.buffered))
  other.resume()
  await one.close()
  await other.closed
})

const client1 = 'C=GB,O=Example\\, Inc,CN=client1'

test('who the other side is counts: its certificate, its name, its key', { skip }, async () => {
  const host = { hostname: 'localhost' }
  const good = await meet({ server: server(), client: client(made.client), ...host })
  assert.equal(typeof good.server === 'string' ? good.server : good.server.peerName, client1)
  const refusals: readonly (readonly [Ends, side: 'server' | 'client', string])[] = [
    [{ server: server(), client: client(made.bare), ...host }, 'server', 'Verify failed: No certificate was found.'],
    [
      { server: server(), client: client(made.stranger, ',sanity-check=off'), ...host },
      'server',
      "The certificate hasn't got a known issuer",
    ],
    [
      { server: server(), client: client(made.client), hostname: 'elsewhere' },
      'client',
      'Certificate does not match the hostname elsewhere',
    ],
    [{ server: server(), client: client(made.client) }, 'client', 'No hostname for certificate validation'],
    [
      { server: server(), client: client(made.client), authz: 'a', more: ['authz-simple,id=a,identity=me'], ...host },
      'server',
      `TLS x509 authz check for ${client1} is denied`,
    ],
    [
      { server: server(), client: client(made.client), authz: 'a', ...host },
      'server',
      'Cannot find QAuthZ object ID a',
    ],
    [
      {
        server: `tls-creds-psk,id=s,endpoint=server,dir=${made.keys}`,
        client: `tls-creds-psk,id=c,dir=${made.otherKeys}`,
      },
      'client',
      'TLS handshake failed: A TLS fatal alert has been received.',
    ],
  ]
  for (const [ends, side, text] of refusals) {
    const { [side]: result } = await meet(ends)
    assert.equal(result, text)
  }
})

test('lists say who may come, with patterns', { skip }, async () => {
  const rules = (policy: string): string =>
    `authz-list,id=a,policy=deny,rules.0.match=CN=x,rules.0.policy=deny,rules.1.match=*CN=cl[h-m]ent?,rules.1.format=glob,rules.1.policy=${policy}`
  for (const policy of ['allow', 'deny']) {
    const { server: result } = await meet({
      server: server(),
      client: client(made.client),
      authz: 'a',
      more: [rules(policy)],
      hostname: 'localhost',
    })
    assert.equal(typeof result === 'string', policy === 'deny', String(result))
  }
})

test('who does not ask needs no certificate', { skip }, async () => {
  const { server: ours } = await meet({
    server: server(',verify-peer=off'),
    client: client(made.bare, ',verify-peer=off'),
  })
  assert.equal(typeof ours === 'string' ? ours : ours.peerName, undefined)
})

test('what speaks no TLS, or stops midway, is refused', { skip }, async () => {
  const credentials = toolObjects([server()]).credentials('s', 'server')
  for (const [said, text] of [
    ['GET / HTTP/1.1\r\n\r\n', 'An unexpected TLS packet was received.'],
    ['', 'The TLS connection was non-properly terminated.'],
    ['\x16\x03\x01\x02\x00\x01', 'The TLS connection was non-properly terminated.'],
  ] as const) {
    const [ours, theirs] = memoryPair()
    const result = settled(secured(ours, credentials))
    theirs.start({ data: () => undefined })
    theirs.write(Buffer.from(said, 'latin1'))
    theirs.end()
    assert.equal(await result, `TLS handshake failed: ${text}`)
    await ours.closed
  }
})

test('a conversation in the clear goes on in TLS', { skip }, async () => {
  const objects = toolObjects([server(), client(made.client)])
  const [outer, inner] = memoryPair().map(restartable) as [Duplex, Duplex]
  const agreed = new Promise<void>((resolve) => outer.start({ data: () => resolve() }))
  inner.start({ data: () => undefined })
  inner.write('go')
  await agreed
  const [ours, theirs] = await Promise.all([
    objects.securingServer('s')(outer),
    objects.securingClient('c', 'localhost')(inner),
  ])
  const [heard] = await Promise.all([
    exchange(ours.stream, Buffer.from('a')),
    exchange(theirs.stream, Buffer.from('secret')),
  ])
  assert.equal(heard.toString(), 'secret')
})
