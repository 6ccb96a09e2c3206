import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deferred } from '../async/index.ts'
import { opt, req, str, uint8 } from '../qapi/index.ts'
import { type Duplex, memoryPair } from '../transport/index.ts'
import { picture, text } from './content.ts'
import { serveMcp } from './session.ts'
import { toolFamily } from './tool.ts'

interface Needs {
  readonly greeting: string
  readonly asked: string[]
}

const tool = toolFamily<Needs>()
const tools = [
  tool({
    name: 'greet',
    doc: 'Greet somebody.',
    args: { who: req(str, 'whom'), times: opt(uint8, 'how often') },
    hints: { readOnly: true },
    run: ({ greeting }, { who, times = 1 }) => `${greeting} ${who}`.repeat(times),
  }),
  tool({
    name: 'wait',
    doc: 'Wait until it is given up.',
    args: {},
    run: ({ asked }, _, { signal, progress }) =>
      new Promise((_resolve, reject) => {
        asked.push('wait')
        progress(1, 'waiting', 2)
        signal.addEventListener('abort', () => {
          asked.push((signal.reason as Error).message)
          reject(signal.reason as Error)
        })
      }),
  }),
  tool({ name: 'hang', doc: 'Never come back.', args: {}, run: () => new Promise<string>(() => undefined) }),
  tool({ name: 'draw', doc: 'Draw.', args: {}, run: () => [text('here:'), picture('AAAA', 'image/png')] }),
]

type Message = Readonly<Record<string, any>>

/** A client that sends lines, and takes what comes. */
class Client {
  readonly needs: Needs = { greeting: 'Hello', asked: [] }
  readonly ended: Promise<void>
  readonly stream: Duplex
  /** How often the server has said that it begins to end. */
  endings = 0
  readonly #stop = new AbortController()
  readonly #messages: Message[] = []
  #text = ''
  #more = deferred<void>()

  constructor() {
    const [near, far] = memoryPair()
    this.stream = near
    near.start({
      data: (chunk) => {
        this.#text += Buffer.from(chunk).toString()
        const lines = this.#text.split('\n')
        this.#text = lines.pop()!
        for (const line of lines) this.#messages.push(JSON.parse(line) as Message)
        this.#more.resolve()
        this.#more = deferred()
      },
      closed: () => this.#more.resolve(),
    })
    const resources = {
      list: () => [{ uri: 'x:1', name: 'one', description: 'the one', mimeType: 'text/plain' }],
      read: async (uri: string) => (uri === 'x:1' ? { mimeType: 'text/plain', text: 'what it holds' } : undefined),
    }
    const info = { name: 'test', title: 'Test', version: '1' }
    const server = { info, instructions: 'greet', tools, needs: this.needs, resources }
    this.ended = serveMcp(far, server, this.#stop.signal, () => this.endings++)
  }

  stop(): void {
    this.#stop.abort()
  }

  send(...messages: readonly unknown[]): void {
    for (const message of messages)
      this.stream.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`)
  }

  async next(): Promise<any> {
    while (this.#messages.length === 0) await this.#more.promise
    return this.#messages.shift()
  }

  async ask(method: string, params?: object, id: string | number = 1): Promise<Message> {
    this.send({ jsonrpc: '2.0', id, method, ...(params && { params }) })
    return this.next()
  }

  begin(protocolVersion = '2025-06-18'): Promise<Message> {
    return this.ask('initialize', { protocolVersion, capabilities: {}, clientInfo: { name: 'x', version: '1' } })
  }
}

async function begun(version?: string): Promise<Client> {
  const client = new Client()
  await client.begin(version)
  client.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  return client
}

describe('a session of MCP', () => {
  it('begins with the version that the client wants, or the newest', async () => {
    for (const [asked, given] of [
      ['2024-11-05', '2024-11-05'],
      ['2025-11-25', '2025-11-25'],
      ['1999-01-01', '2025-11-25'],
    ]) {
      const { result } = await new Client().begin(asked)
      assert.equal(result.protocolVersion, given)
      assert.equal(result.serverInfo.name, 'test')
      assert.deepEqual(Object.keys(result.capabilities), ['tools', 'resources'])
    }
  })

  it('answers nothing but ping before, and begins once', async () => {
    const client = new Client()
    assert.deepEqual(await client.ask('ping', undefined, 'p'), { jsonrpc: '2.0', id: 'p', result: {} })
    assert.equal((await client.ask('tools/list')).error.code, -32600)
    assert.equal((await client.ask('initialize', {})).error.code, -32602)
    await client.begin()
    assert.match((await client.begin()).error.message, /begun already/)
  })

  it('lists tools with schemas and hints, and calls them', async () => {
    const client = await begun()
    const { result } = await client.ask('tools/list')
    assert.deepEqual(result.tools[0], {
      name: 'greet',
      description: 'Greet somebody.',
      inputSchema: {
        type: 'object',
        properties: {
          who: { type: 'string', description: 'whom' },
          times: { type: 'integer', description: 'how often' },
        },
        required: ['who'],
        additionalProperties: false,
      },
      annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
    })
    const called = await client.ask('tools/call', { name: 'greet', arguments: { who: 'you', times: 2 } })
    assert.deepEqual(called.result, { content: [{ type: 'text', text: 'Hello youHello you' }] })
    const drawn = await client.ask('tools/call', { name: 'draw' })
    assert.deepEqual(drawn.result.content[1], { type: 'image', data: 'AAAA', mimeType: 'image/png' })
  })

  it('gives what goes wrong in a tool as its result, and what is no call as an error', async () => {
    const client = await begun()
    const call = (params: object): Promise<Message> => client.ask('tools/call', params)
    const wrong = await call({ name: 'greet', arguments: { who: 'you', times: 256 } })
    assert.deepEqual(wrong.result, {
      content: [{ type: 'text', text: "Parameter 'times' expects uint8_t" }],
      isError: true,
    })
    assert.equal(
      (await call({ name: 'greet', arguments: { __proto__: null, who: 'x', constructor: 1 } })).result.isError,
      true,
    )
    assert.equal((await call({ name: 'constructor' })).error.code, -32602)
    assert.equal((await client.ask('nosuch')).error.code, -32601)
    assert.equal((await client.ask('resources/read', { uri: 'x:2' })).error.code, -32002)
    const { result } = await client.ask('resources/read', { uri: 'x:1' })
    assert.deepEqual(result.contents, [{ uri: 'x:1', mimeType: 'text/plain', text: 'what it holds' }])
  })

  it('complains of what is no JSON-RPC, and goes on', async () => {
    const client = await begun()
    client.send('{"jsonrpc": "2.0", ')
    assert.equal((await client.next()).error.code, -32700)
    for (const message of [[], 1, null, {}, { jsonrpc: '2.0', id: 5 }, { jsonrpc: '2.0', id: {}, method: 'ping' }]) {
      client.send(message)
      assert.equal((await client.next()).error.code, -32600, JSON.stringify(message))
    }
    client.send({ jsonrpc: '2.0', id: 6, method: 'ping', params: [] })
    assert.equal((await client.next()).error.code, -32602)
    client.send({ jsonrpc: '2.0', id: 9, result: {} }, { jsonrpc: '2.0', method: 'notifications/nosuch' })
    assert.equal((await client.ask('ping', undefined, 7)).id, 7)
  })

  it('takes several messages as one in the version that has that', async () => {
    const client = await begun('2025-03-26')
    client.send([
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { jsonrpc: '2.0', method: 'notifications/nosuch' },
      { jsonrpc: '2.0', id: 2, method: 'nosuch' },
    ])
    const answers = (await client.next()) as Message[]
    assert.deepEqual(
      answers.map(({ id }) => id),
      [1, 2],
    )
  })

  it('tells how far a call is, gives up what is cancelled without an answer, and lets ids be used again', async () => {
    const client = await begun()
    const call = {
      jsonrpc: '2.0',
      id: 'w',
      method: 'tools/call',
      params: { name: 'wait', _meta: { progressToken: 7 } },
    }
    client.send(call)
    assert.deepEqual(await client.next(), {
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: 7, progress: 1, message: 'waiting', total: 2 },
    })
    client.send(call)
    assert.match((await client.next()).error.message, /under way already/)
    client.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'w', reason: 'enough' } })
    assert.equal((await client.ask('ping', undefined, 'w')).id, 'w')
    assert.deepEqual(client.needs.asked, ['wait', 'cancelled: enough'])
  })

  it('has so many requests under way, and no more', async () => {
    const client = await begun()
    for (let id = 0; id < 64; id++) client.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'wait' } })
    assert.equal((await client.ask('ping', undefined, 'one more')).error.code, -32000)
  })

  it('ends when the client hangs up or its owner says so, and gives up what is under way', async () => {
    for (const end of [(client: Client) => client.stream.end(), (client: Client) => client.stop()]) {
      const client = await begun()
      client.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'wait' } })
      await client.ask('ping', undefined, 2)
      end(client)
      await client.ended
      assert.deepEqual(client.needs.asked, ['wait', 'the session has ended'])
      assert.equal(client.endings, 1)
    }
  })

  it('says that it is to end also if a call does not hear that it is given up', async () => {
    const client = await begun()
    client.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hang' } })
    await client.ask('ping', undefined, 2)
    client.stop()
    assert.equal(client.endings, 1)
  })

  it('ends with a client whose line has no end', async () => {
    const client = await begun()
    for (let count = 0; count < 17; count++) client.stream.write(new Uint8Array(1 << 20).fill(0x20))
    assert.match((await client.next()).error.message, /more than 16777216 bytes/)
    await client.ended
  })
})
