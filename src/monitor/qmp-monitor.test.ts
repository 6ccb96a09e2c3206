import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Deferred, deferred } from '../async/index.ts'
import { silent } from '../log/index.ts'
import { any, family, list, nothing, oneOf, opt, QmpError, req, str } from '../qapi/index.ts'
import { type Duplex, memoryPair } from '../transport/index.ts'
import { Dispatcher, EventHub, QmpMonitor } from './index.ts'

interface Parts {
  readonly log: string[]
  gate: Deferred<void>
  emit(name: string): void
}

const command = family<Parts>()
const bare = { since: '0', doc: '.', returns: nothing, examples: [] }
const commands = {
  qmp_capabilities: command({
    ...bare,
    args: { enable: opt(list(oneOf('QMPCapability', ['oob'])), '') },
    run(_, { enable = [] }, { session }) {
      session.negotiate(enable)
      return {}
    },
  }),
  echo: command({ ...bare, args: { text: req(str, '') }, returns: any, run: (_, { text }) => ({ text }) }),
  emit: command({
    ...bare,
    args: {},
    run({ emit }) {
      emit('STOP')
      return {}
    },
  }),
  wait: command({
    ...bare,
    args: {},
    async run({ gate, log }) {
      log.push('wait')
      await gate.promise
      return {}
    },
  }),
  urgent: command({ ...bare, args: {}, oob: true, run: () => ({}) }),
  moment: command({
    ...bare,
    args: {},
    async run() {
      return {}
    },
  }),
  fail: command({
    ...bare,
    args: {},
    async run() {
      throw new QmpError('DeviceNotFound', "Device 'x' not found")
    },
  }),
  bug: command({
    ...bare,
    args: {},
    run() {
      throw new TypeError('oops')
    },
  }),
  uncounted: command({
    ...bare,
    args: {},
    run: async () => ({ return: Number.NaN }),
  }),
}

class Client {
  readonly duplex: Duplex
  readonly lines: string[] = []
  ended = false
  #text = ''
  #changed = deferred()

  constructor(duplex: Duplex) {
    this.duplex = duplex
    duplex.start({
      data: (chunk) => {
        this.#text += Buffer.from(chunk).toString()
        const lines = this.#text.split('\r\n')
        this.#text = lines.pop()!
        this.lines.push(...lines)
        this.#wake()
      },
      end: () => {
        this.ended = true
        this.#wake()
      },
      closed: () => {
        this.ended = true
        this.#wake()
      },
    })
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = deferred()
  }

  async until(condition: (client: Client) => boolean): Promise<void> {
    while (!condition(this)) await this.#changed.promise
  }

  /** Sends text and returns the lines that come until there are `count` of them. */
  async ask(text: string, count = 1): Promise<string[]> {
    const from = this.lines.length
    this.duplex.write(text)
    await this.until(() => this.lines.length >= from + count)
    return this.lines.slice(from)
  }
}

const capabilities = '{"execute":"qmp_capabilities"}'
const withOob = '{"execute":"qmp_capabilities","arguments":{"enable":["oob"]}}'
const returned = '{"return": {}}'

function setUp() {
  const events = new EventHub({})
  const parts: Parts = { log: [], gate: deferred(), emit: (name) => events.emit(name) }
  const monitor = new QmpMonitor({
    dispatcher: new Dispatcher({ commands, parts, log: silent }),
    events,
    version: { qemu: { major: 7, minor: 2, micro: 22 }, package: '' },
    pretty: false,
    signal: new AbortController().signal,
    log: silent,
  })
  const connect = (): Client => {
    const [ours, theirs] = memoryPair()
    monitor.connection(ours)
    return new Client(theirs)
  }
  const ready = async (negotiation = capabilities): Promise<Client> => {
    const client = connect()
    await client.until(() => client.lines.length === 1)
    await client.ask(negotiation)
    return client
  }
  return { events, parts, monitor, connect, ready }
}

test('a client is greeted, and served after the negotiation only', async () => {
  const client = setUp().connect()
  await client.until(() => client.lines.length === 1)
  assert.equal(
    client.lines[0],
    '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": ["oob"]}}',
  )
  assert.deepEqual(await client.ask('{"execute":"echo","id":1}'), [
    `{"id": 1, "error": {"class": "CommandNotFound", "desc": "Expecting capabilities negotiation with 'qmp_capabilities'"}}`,
  ])
  assert.deepEqual(await client.ask(capabilities), [returned])
  assert.deepEqual(await client.ask(capabilities), [
    '{"error": {"class": "CommandNotFound", "desc": "Capabilities negotiation is already complete, command ignored"}}',
  ])
})

const refusals: [sent: string, desc: string][] = [
  ['[]', 'QMP input must be a JSON object'],
  ['{}', "QMP input lacks member 'execute'"],
  ['{"execute":1}', "QMP input member 'execute' must be a string"],
  ['{"execute":"urgent","arguments":[]}', "QMP input member 'arguments' must be an object"],
  ['{"execute":"urgent","arguments":1.0}', "QMP input member 'arguments' must be an object"],
  ['{"execute":"urgent","foo":1}', "QMP input member 'foo' is unexpected"],
  ['{"exec-oob":"urgent"}', "QMP input member 'exec-oob' is unexpected"],
  ['zzz ', "JSON parse error, invalid keyword 'zzz'"],
  ['{"execute":"bug"}', 'Internal error: oops'],
  ['{"execute":"uncounted"}', 'Internal error: NaN has no place in JSON'],
]

for (const [sent, desc] of refusals) {
  test(`${sent} is answered: ${desc}`, async () => {
    const client = await setUp().ready()
    assert.deepEqual(await client.ask(sent), [`{"error": {"class": "GenericError", "desc": "${desc}"}}`])
    assert.deepEqual(await client.ask('{"execute":"urgent"}'), [returned])
  })
}

test('replies come in the order of the requests, also when one of them takes its time', async () => {
  const { parts, ready } = setUp()
  const client = await ready()
  const replies = client.ask(
    '{"execute":"wait","id":0}{"execute":"urgent","id":1}{"execute":"nosuch","id":2}{"execute":"fail","id":3}',
    4,
  )
  parts.gate.resolve()
  assert.deepEqual(await replies, [
    '{"return": {}, "id": 0}',
    '{"return": {}, "id": 1}',
    '{"id": 2, "error": {"class": "CommandNotFound", "desc": "The command nosuch has not been found"}}',
    `{"id": 3, "error": {"class": "DeviceNotFound", "desc": "Device 'x' not found"}}`,
  ])
})

test('an event comes before the reply of the command that caused it, and after the replies before', async () => {
  const client = await setUp().ready()
  const [first, second, third] = await client.ask('{"execute":"urgent"}{"execute":"emit"}', 3)
  assert.equal(first, returned)
  assert.match(second!, /^\{"timestamp": \{"seconds": \d+, "microseconds": \d+\}, "event": "STOP"\}$/)
  assert.equal(third, returned)
})

test('events go to every client that is through with the negotiation, and to no other', async () => {
  const { events, connect, ready } = setUp()
  const [one, two] = [await ready(), await ready()]
  const newcomer = connect()
  await newcomer.until(() => newcomer.lines.length === 1)
  events.emit('RESUME')
  await one.until(() => one.lines.length === 3)
  await two.until(() => two.lines.length === 3)
  assert.deepEqual(await newcomer.ask(capabilities), [returned])
})

test('out of band overtakes up to seven waiting requests, not eight', async () => {
  for (const waiting of [7, 8]) {
    const { parts, ready } = setUp()
    const client = await ready(withOob)
    const inBand = '{"execute":"wait","id":"first"}' + '{"execute":"urgent","id":"queued"}'.repeat(waiting)
    client.duplex.write(`${inBand}{"exec-oob":"urgent","id":"oob"}`)
    if (waiting === 7) await client.until(() => client.lines.length === 3)
    parts.gate.resolve()
    await client.until(() => client.lines.length === 2 + waiting + 2)
    const order = client.lines.slice(2).map((line) => /"id": "(\w+)"/.exec(line)?.[1])
    assert.equal(order.indexOf('oob'), waiting === 7 ? 0 : waiting + 1)
  }
})

test('a command that does not support it is refused out of band', async () => {
  const client = await setUp().ready(withOob)
  assert.deepEqual(await client.ask('{"exec-oob":"echo"}'), [
    '{"error": {"class": "GenericError", "desc": "The command echo does not support OOB"}}',
  ])
  assert.deepEqual(await client.ask('{"execute":"echo","exec-oob":"echo"}'), [
    `{"error": {"class": "GenericError", "desc": "QMP input member 'execute' clashes with 'exec-oob'"}}`,
  ])
})

test('a client that half-closes gets all its answers, then the end', async () => {
  const { parts, monitor, ready } = setUp()
  const client = await ready()
  client.duplex.write('{"execute":"wait","id":0}{"execute":"urgent","id":1}')
  client.duplex.end()
  parts.gate.resolve()
  await client.until(({ ended }) => ended)
  assert.deepEqual(client.lines.slice(2), ['{"return": {}, "id": 0}', '{"return": {}, "id": 1}'])
  assert.equal(monitor.sessions, 0)
})

test('close answers what is being served, leaves the rest, and hangs up', async () => {
  const { parts, monitor, ready } = setUp()
  const client = await ready()
  client.duplex.write('{"execute":"wait","id":0}{"execute":"urgent","id":1}')
  while (parts.log.length === 0) await new Promise(setImmediate)
  const closed = monitor.close()
  parts.gate.resolve()
  await closed
  await client.until(({ ended }) => ended)
  assert.deepEqual(client.lines.slice(2), ['{"return": {}, "id": 0}'])
})

test('a client that does not read is not read either, and does not hold up others', async () => {
  const { ready } = setUp()
  const [slow, quick] = [await ready(), await ready()]
  slow.duplex.pause()
  let sent = 0
  const request = '{"execute":"echo","arguments":{"text":"'.concat('x'.repeat(10_000), '"}}')
  while (slow.duplex.write(request) && sent < 10_000) {
    sent++
    await new Promise(setImmediate)
  }
  assert.ok(sent < 10_000, 'the slow client is stopped at some point')
  assert.deepEqual(await quick.ask('{"execute":"urgent"}'), [returned])
  slow.duplex.resume()
  await slow.until(({ lines }) => lines.length === 2 + sent + 1)
})

test('close does not wait for a client that never reads', async () => {
  const { monitor, ready } = setUp()
  const client = await ready()
  client.duplex.pause()
  const request = '{"execute":"echo","arguments":{"text":"'.concat('x'.repeat(100_000), '"}}')
  while (client.duplex.write(request)) await new Promise(setImmediate)
  await monitor.close()
  assert.equal(monitor.sessions, 0)
})

/** Feeds an input to one client, and counts the lines that it is answered with in each turn of the event loop. */
async function linesPerTurn(input: Uint8Array, lines: number): Promise<number[]> {
  const client = await setUp().ready()
  const counts: number[] = []
  let seen = client.lines.length
  const before = seen
  client.duplex.write(input)
  while (seen < before + lines) {
    await new Promise((resolve) => setImmediate(resolve))
    counts.push(client.lines.length - seen)
    seen = client.lines.length
  }
  return counts
}

for (const [what, text, lines] of [
  ['bytes that are no JSON', '\xff', 20_000],
  ['braces that nothing opens', '}', 20_000],
  ['commands that there are', '{"execute":"echo","arguments":{"text":"x"}}', 5000],
  ['commands that take a moment', '{"execute":"moment"}', 5000],
  ['commands that there are not', '{"execute":"none"}', 5000],
  ['long answers', `{"execute":"echo","arguments":{"text":"${'x'.repeat(8000)}"}}`, 500],
] as const) {
  test(`a client that sends many ${what} leaves the others their turn`, async () => {
    const counts = await linesPerTurn(Buffer.from(text.repeat(lines), 'latin1'), lines)
    const most = Math.max(...counts)
    // Twice as many: what is sent in one turn may be read in the next one, together with that one's.
    assert.ok(most <= 128, `${most} lines in one turn`)
    assert.ok(what !== 'long answers' || most <= 32, `${most} long lines in one turn`)
  })
}
