/**
 * The same input, good and bad, for QEMU and for a monitor of ours that has not negotiated yet: there no command runs,
 * and every line that comes back tells only how the input was read.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { deferred } from '../../src/async/index.ts'
import { JsonStream, print } from '../../src/json/index.ts'
import { silent } from '../../src/log/index.ts'
import { Dispatcher, EventHub, QmpMonitor } from '../../src/monitor/index.ts'
import { memoryPair } from '../../src/transport/index.ts'
import { seed } from '../drawn-cases.ts'
import { jsonText, spoilt } from '../inputs/json-text.ts'
import { loadTranscripts } from './case.ts'
import { Connections } from './connections.ts'
import { missingProgram } from './peers.ts'
import { Server } from './server.ts'

const transcripts = loadTranscripts(new URL('../../../test/transcripts/', import.meta.url).pathname)
const steps = [...transcripts.values()].flat().flatMap((recorded) => recorded.steps)
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Sent behind each input: a byte that ends what is in progress, with one error, and a message that is known again. */
const marker = (index: number): Uint8Array =>
  Buffer.concat([Uint8Array.of(0xff), bytesOf(`{"id":"behind-${index}"}\n`)])
const isMarker = (line: string, index: number): boolean => line.startsWith(`{"id": "behind-${index}", "error": `)

const withMarkers = (inputs: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat(inputs.flatMap((input, index) => [input, marker(index)]))

/** The lines behind the greeting, by the input that they answer. */
function byInput(lines: readonly string[], count: number): string[][] {
  const rest = lines.slice(1)
  return Array.from({ length: count }, (_, index) => {
    const end = rest.findIndex((line) => isMarker(line, index))
    return rest.splice(0, end + 1).slice(0, -1)
  })
}

async function answersOfQemu(inputs: readonly Uint8Array[]): Promise<string[][]> {
  const setup = ['-machine', 'none', '-nodefaults', '-display', 'none', '-qmp', 'unix:qmp.sock,server=on,wait=off']
  await using server = await Server.start(['qemu-system-x86_64', ...setup])
  using connections = new Connections((name) => server.path(name), server.gone, false)
  const connection = await connections.open('A', 'qmp.sock')
  connection.send(withMarkers(inputs))
  while (!isMarker(connection.lines.at(-1) ?? '', inputs.length - 1)) {
    const goesOn = await connections.change(20_000)
    assert.ok(goesOn && !connection.ended, `QEMU says nothing more behind ${connection.lines.at(-1)}`)
  }
  return byInput(connection.lines, inputs.length)
}

async function answersOfOurs(inputs: readonly Uint8Array[]): Promise<string[][]> {
  const dispatcher = new Dispatcher({ commands: {}, parts: {}, log: silent })
  const { signal } = new AbortController()
  const monitor = new QmpMonitor({
    dispatcher,
    events: new EventHub({}),
    version: {},
    pretty: false,
    signal,
    log: silent,
  })
  const [client, server] = memoryPair()
  monitor.connection(server)
  const finished = deferred()
  const lines: string[] = []
  let rest = ''
  client.start({
    data(chunk) {
      const parts = (rest + Buffer.from(chunk).toString()).split('\r\n')
      rest = parts.pop()!
      for (const line of parts) lines.push(line)
      if (isMarker(lines.at(-1) ?? '', inputs.length - 1)) finished.resolve()
    },
    closed: () => finished.reject(new Error('our monitor hung up')),
  })
  client.write(withMarkers(inputs))
  await finished.promise
  await monitor.close()
  return byInput(lines, inputs.length)
}

/** A negotiation would let commands run, in a machine that `quit` may end. */
const harmless = (input: Uint8Array): boolean => !Buffer.from(input).includes('qmp_cap')

async function compare(inputs: readonly Uint8Array[]): Promise<void> {
  const asked = inputs.filter(harmless)
  const [theirs, ours] = await Promise.all([answersOfQemu(asked), answersOfOurs(asked)])
  for (const [index, input] of asked.entries()) {
    assert.deepEqual(ours[index], theirs[index], `input ${JSON.stringify(Buffer.from(input).toString('latin1'))}`)
  }
}

/** Values of a generator. */
function samples<T>(generator: fc.Arbitrary<T>, count: number): T[] {
  return fc.sample(generator, { numRuns: count, seed })
}

const member = fc.constantFrom('execute', 'id', 'arguments', 'exec-oob', 'control', 'x')
const request = fc
  .array(fc.tuple(member, jsonText), { minLength: 1, maxLength: 4 })
  .map((members) => bytesOf(`{${members.map(([name, text]) => `"${name}": ${text}`).join(',')}}`))
const echo = jsonText.map((text) => bytesOf(`{"execute":"x","id":${text}}`))

const kinds: readonly [what: string, input: fc.Arbitrary<Uint8Array>, count: number][] = [
  ['values of every kind, echoed as ids', echo, 1000],
  ['envelopes with the wrong members', request, 500],
  ['values that were spoilt', spoilt(echo), 1500],
  ['bytes at random', fc.uint8Array({ maxLength: 40 }), 300],
  [
    'characters of JSON at random',
    fc.array(fc.constantFrom(...'{}[]:,"\'\\e0-.1tn '), { maxLength: 30 }).map((all) => bytesOf(all.join(''))),
    500,
  ],
]

describe('input is read as QEMU reads it', { skip: missingProgram('qemu-system-x86_64') }, () => {
  for (const [what, input, count] of kinds) {
    it(what, async () => {
      await compare(samples(input, count))
    })
  }

  it('what the recordings send, cut short and spoilt', async () => {
    const sent = steps.flatMap((step) => (step.send === undefined ? [] : [bytesOf(step.send)]))
    const raw = steps.flatMap((step) => (step.send_hex === undefined ? [] : [Buffer.from(step.send_hex, 'hex')]))
    const lines = [...sent, ...raw].filter((line) => line.length < 2000)
    await compare(lines.map((line) => line.subarray(0, line.length >> 1)))
    await compare(samples(spoilt(fc.constantFrom(...lines), 2), 1000))
  })

  it('keys that JavaScript lists out of turn, in the order of their arrival', async () => {
    await compare(
      ['{"id":{"101":1,"100":2,"x":3}}', '{"id":{"x":3,"100":2,"101":1}}', '{"100":1,"101":2}'].map(bytesOf),
    )
  })

  it('doubles, printed with 17 digits', async () => {
    const texts = samples(fc.double({ noDefaultInfinity: true, noNaN: true }), 500).map(String)
    const between = Array.from({ length: 100 }, (_, index) => `${1e14 + index * 1e12}.${125 + 250 * (index % 4)}`)
    await compare([...texts, ...between].map((text) => bytesOf(`{"id":${text}}`)))
  })
})

describe('what QEMU printed is printed in the same way', () => {
  for (const [topic, cases] of transcripts) {
    it(topic, () => {
      const lines = cases.flatMap(({ steps }) => steps.flatMap(({ expect = [] }) => expect))
      const printed = lines.filter((line) => /^\{.*\}$/.test(line) && !/: -?inf\b|: -0\b/.test(line))
      assert.ok(printed.length > 0)
      for (const line of printed) {
        const stream = new JsonStream()
        stream.feed(bytesOf(line))
        const once = stream.next()
        assert.ok(once !== undefined && 'value' in once, line)
        // Members of one bucket change places each time.
        stream.feed(bytesOf(print(once.value)))
        const twice = stream.next()
        assert.ok(twice !== undefined && 'value' in twice, line)
        assert.equal(print(twice.value), line)
      }
    })
  }
})
