/**
 * Ten thousand random, truncated and corrupted inputs for a machine's monitor. Behind each comes a good command. Every
 * message, good or bad, must be answered by one line, in order; the good command rightly; and another client on the same
 * monitor must not notice anything.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { type RunningMachine, startMachine } from '../../src/index.ts'
import { type JsonMessage, JsonStream, print } from '../../src/json/index.ts'
import { seed } from '../drawn-cases.ts'
import { jsonText, spoilt } from '../inputs/json-text.ts'
import { loadTranscripts } from '../oracle/case.ts'

const transcripts = loadTranscripts(new URL('../../../test/transcripts/', import.meta.url).pathname)
const steps = [...transcripts.values()].flat().flatMap((recorded) => recorded.steps)
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Commands whose answers never change, with what a machine of this name must say. */
const good: readonly [command: string, answer: string][] = [
  ['query-name', '{"name": "target"}'],
  ['query-uuid', '{"UUID": "00000000-0000-0000-0000-000000000000"}'],
  ['query-kvm', '{"enabled": false, "present": false}'],
  ['query-target', '{"arch": "i386"}'],
]
/** Ends whatever the input left open, then asks something. */
const question = (index: number): Uint8Array => {
  const [command] = good[index % good.length]!
  return Buffer.concat([Uint8Array.of(0xff), bytesOf(`{"execute":"${command}","id":"good-${index}"}\n`)])
}
const answer = (index: number): string => `{"return": ${good[index % good.length]![1]}, "id": "good-${index}"}`

/** A client that hears lines and writes bytes. */
class Client {
  readonly #socket: Socket
  readonly #lines: string[] = []
  #rest = ''

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      const lines = (this.#rest + text).split('\r\n')
      this.#rest = lines.pop()!
      for (const line of lines) this.#lines.push(line)
    })
  }

  static async open(path: string, capabilities: readonly string[] = []): Promise<Client> {
    const socket = connect(path)
    await once(socket, 'connect')
    const client = new Client(socket)
    const negotiation = { execute: 'qmp_capabilities', arguments: { enable: capabilities } }
    client.write(bytesOf(print(negotiation)))
    await client.until((line) => line === '{"return": {}}')
    return client
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** The lines up to the first that is meant, which must come; events are left out. */
  async until(meant: (line: string) => boolean): Promise<string[]> {
    const signal = AbortSignal.timeout(20_000)
    for (let from = 0; ; ) {
      const end = this.#lines.findIndex((line, index) => index >= from && meant(line))
      if (end >= 0) return this.#lines.splice(0, end + 1).filter((line) => !line.startsWith('{"timestamp": '))
      from = this.#lines.length
      try {
        await once(this.#socket, 'data', { signal })
      } catch {
        assert.fail(`nothing comes behind ${this.#lines.at(-1)}`)
      }
      assert.equal(this.#socket.readyState, 'open')
    }
  }

  /** Hangs up in the middle of whatever is going on. */
  async hangUp(): Promise<void> {
    this.#socket.destroy()
    if (!this.#socket.closed) await once(this.#socket, 'close')
  }
}

function messagesIn(bytes: Uint8Array): JsonMessage[] {
  const stream = new JsonStream()
  stream.feed(bytes)
  const messages: JsonMessage[] = []
  for (let message = stream.next(); message !== undefined; message = stream.next()) messages.push(message)
  return messages
}

const classes = /^(GenericError|CommandNotFound|DeviceNotFound|DeviceNotActive|KVMMissingCap)$/

/** Checks one reply against the message that it must answer. */
function checkReply(line: string, message: JsonMessage): void {
  if ('error' in message) {
    assert.equal(line, print({ error: { class: 'GenericError', desc: message.error } }))
    return
  }
  // An id like 1e400 comes back as QEMU prints it, which is no JSON.
  const [said] = messagesIn(bytesOf(line.replaceAll(/(?<=[ [-])inf(?=[,\]}])/g, '1e400')))
  assert.ok(said !== undefined && 'value' in said, line)
  const reply = said.value as { return?: unknown; error?: { class: string; desc: string }; id?: unknown }
  const asked = message.value as { id?: unknown } | null
  const id = typeof asked === 'object' ? asked?.id : undefined
  assert.equal(reply.id === undefined, id === undefined, line)
  if (id !== undefined) assert.ok(line.includes(`"id": ${print(id)}`), line)
  assert.equal(reply.return === undefined, reply.error !== undefined, line)
  if (reply.error === undefined) return
  assert.match(reply.error.class, classes, line)
  assert.doesNotMatch(reply.error.desc, /^Internal error/, line)
}

/**
 * What may be done to this machine: it must not end, run programs, or write outside its folder or endlessly into it.
 */
function harmless(input: Uint8Array): boolean {
  const text = Buffer.from(input).toString('latin1')
  return !/quit|exec:|[/]|qmp_capabilities/.test(text) && !(text.includes('memsave') && /\d{7}/.test(text))
}

/** Values of a generator. */
function samples<T>(generator: fc.Arbitrary<T>, count: number): T[] {
  return fc.sample(generator, { numRuns: count, seed })
}

/** Everything the recordings send, with paths that stay inside the folder. */
const recorded = steps
  .flatMap(({ send, send_hex }) =>
    send !== undefined ? [bytesOf(send)] : send_hex ? [Buffer.from(send_hex, 'hex')] : [],
  )
  .map((line) => bytesOf(Buffer.from(line).toString().replaceAll('/', '_')))
  .filter((line) => line.length < 4096 && harmless(line))

const commandNames = [
  ...new Set(recorded.flatMap((line) => [...`${Buffer.from(line)}`.matchAll(/"execute": ?"([^"]+)"/g)])),
]
const commandName = fc.constantFrom(...new Set(commandNames.map(([, name]) => name!)))
const argumentName = fc.constantFrom('filename', 'val', 'size', 'keys', 'hold-time', 'device', 'index', 'enable', 'x')
const request = fc
  .tuple(commandName, fc.array(fc.tuple(argumentName, jsonText), { maxLength: 3 }), jsonText)
  .map(([name, args, id]) => {
    const members = args.map(([key, text]) => `"${key}":${text}`).join(',')
    return bytesOf(`{"execute":"${name}","arguments":{${members}},"id":${id}}`.replaceAll('/', '_'))
  })

describe('a monitor that is fed garbage', () => {
  const home = process.cwd()
  let folder: string
  let machine: RunningMachine
  let bystander: Client
  let fed = 0

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vmon-hostile-'))
    process.chdir(folder)
    machine = await startMachine({ accel: 'none', name: 'target', qmp: 'unix:qmp.sock,server=on,wait=off' })
    bystander = await Client.open('qmp.sock')
  })

  after(async () => {
    await bystander.hangUp()
    await machine.close()
    process.chdir(home)
    await rm(folder, { recursive: true, force: true })
  })

  /** Feeds inputs, each with a question behind it, a hundred at a time; every client hangs up in the middle of one. */
  async function feed(inputs: readonly Uint8Array[], capabilities?: readonly string[]): Promise<void> {
    const batch = 100
    for (let start = 0; start < inputs.length; start += batch) {
      const client = await Client.open('qmp.sock', capabilities)
      const some = inputs.slice(start, start + batch)
      for (const [index, input] of some.entries()) client.write(Buffer.concat([input, question(index)]))
      for (const [index, input] of some.entries()) {
        const lines = await client.until((line) => line.endsWith(`"id": "good-${index}"}`))
        const messages = messagesIn(Buffer.concat([input, question(index)]))
        const shown = JSON.stringify(Buffer.from(input).toString('latin1'))
        assert.equal(lines.length, messages.length, `${shown} is answered by\n${lines.join('\n')}`)
        for (const [place, message] of messages.entries()) checkReply(lines[place]!, message)
        assert.equal(lines.at(-1), answer(index), `behind ${shown}`)
      }
      client.write(some[0]!)
      await client.hangUp()
      bystander.write(question(start))
      const heard = await bystander.until((line) => line === answer(start))
      assert.equal(heard.length, 2, heard.join('\n'))
    }
    fed += inputs.length
  }

  /** Each line of the recordings, spoilt `times` times in some way. */
  function everyLine(way: (line: Uint8Array) => fc.Arbitrary<Uint8Array>, times: number) {
    return samples(fc.tuple(...recorded.map(way)), times)
      .flat()
      .filter(harmless)
  }

  it('answers what the recordings send, truncated anywhere', async () => {
    const cut = (line: Uint8Array) => fc.nat({ max: line.length - 1 }).map((length) => line.subarray(0, length))
    await feed(everyLine(cut, 4))
  })

  it('answers what the recordings send, corrupted', async () => {
    await feed(everyLine((line) => spoilt(fc.constant(line)), 4))
  })

  it('answers requests with arguments of every kind', async () => {
    await feed(samples(request, 1500).filter(harmless))
    await feed(samples(spoilt(request), 1500).filter(harmless))
  })

  it('answers bytes and characters at random', async () => {
    await feed(samples(fc.uint8Array({ maxLength: 64 }), 1500).filter(harmless))
    const characters = fc.array(fc.constantFrom(...'{}[]:,"\'\\e0-.1tn \n'), { maxLength: 40 })
    await feed(
      samples(
        characters.map((all) => bytesOf(all.join(''))),
        1500,
      ),
    )
  })

  it('answers in order with out-of-band execution as well', async () => {
    await feed(samples(spoilt(request), 500).filter(harmless), ['oob'])
  })

  it('has had ten thousand inputs by now, and the machine still does as it is told', async () => {
    assert.ok(fed >= 10_000, `${fed} inputs`)
    await machine.qmp.execute('stop')
    assert.equal((await machine.qmp.execute('query-status')).running, false)
    await machine.qmp.execute('cont')
    assert.equal((await machine.qmp.execute('query-status')).running, true)
  })
})
