import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Duplex, memoryPair } from '../transport/index.ts'
import { CommandError, ConnectionLostError, ProtocolError, QmpClient } from './index.ts'

const greeting =
  '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": ["oob"]}}'
const stopEvent = (seconds: number): string =>
  `{"timestamp": {"seconds": ${seconds}, "microseconds": 500000}, "event": "STOP"}`

interface Request {
  readonly execute?: string
  readonly 'exec-oob'?: string
  readonly arguments?: Record<string, unknown>
  readonly id: number
}

/** A server that says what it is told to. */
class ScriptedServer {
  readonly requests: Request[] = []
  readonly duplex: Duplex
  readonly #answer: (request: Request, server: ScriptedServer) => void
  #text = ''

  constructor(duplex: Duplex, answer: (request: Request, server: ScriptedServer) => void) {
    this.duplex = duplex
    this.#answer = answer
    duplex.start({
      data: (chunk) => {
        this.#text += Buffer.from(chunk).toString()
        for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n')) {
          const request = JSON.parse(this.#text.slice(0, end)) as Request
          this.#text = this.#text.slice(end + 1)
          this.requests.push(request)
          if (request.execute === 'qmp_capabilities') this.say(`{"return": {}, "id": ${request.id}}`)
          else this.#answer(request, this)
        }
      },
    })
  }

  say(...lines: string[]): void {
    this.duplex.write(lines.map((line) => `${line}\r\n`).join(''))
  }
}

async function setUp(
  answer: (request: Request, server: ScriptedServer) => void = () => undefined,
  enable: 'oob'[] = [],
) {
  const [ours, theirs] = memoryPair()
  const server = new ScriptedServer(theirs, answer)
  server.say(greeting)
  return { server, client: await QmpClient.connect(ours, { enable }) }
}

test('a connection is greeted and negotiated, with the capabilities that were asked for', async () => {
  const { server, client } = await setUp(undefined, ['oob'])
  assert.equal(client.greeting.version.qemu.major, 7)
  assert.deepEqual(server.requests[0]?.arguments, { enable: ['oob'] })
})

test('answers find their calls, whatever their order', async () => {
  const { client, server } = await setUp()
  const calls = [client.execute('query-name'), client.executeAny('query-block')]
  while (server.requests.length < 3) await new Promise(setImmediate)
  const [, first, second] = server.requests
  server.say(`{"return": [], "id": ${second!.id}}`, `{"return": {"name": "vm"}, "id": ${first!.id}}`)
  assert.deepEqual(JSON.parse(JSON.stringify(await Promise.all(calls))), [{ name: 'vm' }, []])
})

test('a refusal carries class, text and command', async () => {
  const { client } = await setUp(({ id }, server) =>
    server.say(`{"id": ${id}, "error": {"class": "DeviceNotFound", "desc": "Device 'x' not found"}}`),
  )
  await assert.rejects(
    client.executeAny('eject', { device: 'x' }),
    (error) =>
      error instanceof CommandError &&
      error.errorClass === 'DeviceNotFound' &&
      error.message === "Device 'x' not found" &&
      error.command === 'eject',
  )
})

test('64-bit integers survive both ways', async () => {
  const { client, server } = await setUp(({ id }, self) =>
    self.say(`{"return": {"big": 18446744073709551615}, "id": ${id}}`),
  )
  const answer = (await client.executeAny('x', { val: 9223372036854775807n })) as { big: unknown }
  assert.equal(answer.big, 18446744073709551615n)
  assert.equal(server.requests.length, 2)
})

test('out-of-band calls say so', async () => {
  const { client, server } = await setUp(({ id }, self) => self.say(`{"return": {}, "id": ${id}}`), ['oob'])
  await client.executeAny('migrate-pause', undefined, { outOfBand: true })
  assert.equal(server.requests.at(-1)?.['exec-oob'], 'migrate-pause')
})

test('every iterator sees every event it wants, slow ones lose the oldest and know how many', async () => {
  const { client, server } = await setUp()
  const all = client.events()
  const few = client.events({ capacity: 2 })
  const none = client.events({ names: ['RESUME'] })
  server.say(...[1, 2, 3, 4].map(stopEvent))
  while (all.size < 4) await new Promise(setImmediate)
  const next = client.event('STOP')
  server.say(stopEvent(5))
  assert.equal((await next).time, 5500)
  await client.close()
  const times: number[] = []
  for await (const { time } of all) times.push(time)
  assert.deepEqual(times, [1500, 2500, 3500, 4500, 5500])
  assert.equal(few.lost, 3)
  for await (const { time } of few) times.push(time)
  assert.deepEqual(times.slice(5), [4500, 5500])
  assert.deepEqual(await none.next(), { value: undefined, done: true })
})

test('a deadline and a signal end the wait, and a late answer hurts nobody', async () => {
  const { client, server } = await setUp()
  await assert.rejects(client.execute('stop', undefined, { timeoutMs: 1 }), { name: 'DeadlineError' })
  const controller = new AbortController()
  const call = client.execute('stop', undefined, { signal: controller.signal })
  controller.abort(new Error('enough'))
  await assert.rejects(call, /enough/)
  for (const { id } of server.requests.slice(1)) server.say(`{"return": {}, "id": ${id}}`)
  const answer = client.execute('stop')
  while (server.requests.length < 4) await new Promise(setImmediate)
  server.say(`{"return": {}, "id": ${server.requests[3]!.id}}`)
  await answer
})

test('when the connection dies, every call that waits and every later one is told', async () => {
  const { client, server } = await setUp()
  const call = client.execute('stop')
  server.duplex.destroy(new Error('the server is gone'))
  await assert.rejects(call, ConnectionLostError)
  await client.closed
  await assert.rejects(client.execute('cont'), ConnectionLostError)
  assert.deepEqual(await client.events().next(), { value: undefined, done: true })
})

test('a peer that does not speak QMP is found out', async () => {
  for (const line of ['HTTP/1.1 400 Bad Request', '[]', '{"hello": 1}', '{"return": {}, "id": 1}']) {
    const [ours, theirs] = memoryPair()
    theirs.start({ data: () => undefined })
    theirs.write(`${line}\r\n`)
    await assert.rejects(QmpClient.connect(ours), ProtocolError)
  }
})

test('what a server says are ordinary objects, which equal literals; no member gets at a prototype', async () => {
  const { client } = await setUp(({ id }, server) =>
    server.say(`{"return": {"a": [{"b": 1}], "__proto__": {"c": 2}}, "id": ${id}}`, stopEvent(1)),
  )
  const events = client.events()
  const answer = (await client.executeAny('x')) as Record<string, unknown>
  assert.deepStrictEqual(answer['a'], [{ b: 1 }])
  assert.deepStrictEqual(Object.getOwnPropertyDescriptor(answer, '__proto__')?.value, { c: 2 })
  assert.equal(Object.getPrototypeOf(answer), Object.prototype)
  assert.deepStrictEqual((await events.next()).value, { event: 'STOP', time: 1500, data: {} })
})

test('the stack of a refusal names the line that has called', async () => {
  const { client } = await setUp(({ id }, server) =>
    server.say(`{"error": {"class": "GenericError", "desc": "no"}, "id": ${id}}`),
  )
  const error = await askForNothing(client).catch((reason: Error) => reason)
  assert.ok(error instanceof CommandError)
  assert.match(error.stack!, /askForNothing/)
})

async function askForNothing(client: QmpClient): Promise<unknown> {
  return await client.execute('stop')
}

test('an event of a name is waited for until it is the one that is wanted', async () => {
  const { server, client } = await setUp()
  const second = client.waitForEvent('STOP', ({ time }) => time > 2000)
  server.say(stopEvent(1), stopEvent(2))
  assert.equal((await second).time, 2500)
  // @ts-expect-error there is no such event
  client.events({ names: ['STPO'] }).end()
})
