import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { type Duplex, memoryPair } from '../../transport/index.ts'
import { HumanMonitor, type LineLanguage } from './human-monitor.ts'

/** `endless` prints as long as somebody wants it, anything else the line itself. */
class Chatter implements LineLanguage {
  readonly events = new EventTarget()
  pieces = 0

  async execute(line: string, _state: unknown, audience: Parameters<LineLanguage['execute']>[2]): Promise<void> {
    if (line !== 'endless') return audience.print(`${line}!\n`)
    while (await audience.wanted()) {
      this.pieces++
      audience.print('endless '.repeat(512))
      // The event loop turns between pieces, as it does while memory is read.
      await new Promise((resolve) => void setImmediate(resolve))
    }
    this.events.dispatchEvent(new Event('over'))
  }

  complete(): ReturnType<LineLanguage['complete']> {
    return { typed: 0, candidates: [] }
  }
}

/** What a client reads, until its end. */
function reader(duplex: Duplex): { until(text: string): Promise<string> } {
  let received = ''
  let look = (): void => undefined
  duplex.start({
    data: (chunk) => {
      received += Buffer.from(chunk).toString('latin1')
      look()
    },
    end: () => undefined,
    closed: () => undefined,
  })
  return {
    until: (text) =>
      new Promise((resolve) => {
        look = () => {
          if (received.endsWith(text)) resolve(received)
        }
        look()
      }),
  }
}

test('what a client has asked for ends with it: the next one is told nothing of it, and is served', async () => {
  const language = new Chatter()
  const monitor = new HumanMonitor({ language, version: '1' })
  const [first, ours] = memoryPair()
  monitor.connection(ours)
  const over = once(language.events, 'over')
  reader(first)
  first.write('endless\n')
  while (language.pieces < 3) await new Promise((resolve) => void setImmediate(resolve))
  const [second, oursToo] = memoryPair()
  first.destroy()
  await ours.closed
  monitor.connection(oursToo)
  const { until } = reader(second)
  second.write('hello\n')
  const text = await until('hello!\r\n(qemu) ')
  assert.doesNotMatch(text, /endless/)
  await over
  await monitor.close()
})

test('a client that does not read is not printed to without end, and the monitor still closes', async () => {
  const language = new Chatter()
  const monitor = new HumanMonitor({ language, version: '1' })
  const [client, ours] = memoryPair()
  monitor.connection(ours)
  client.write('endless\n')
  client.start({ data: () => client.pause(), end: () => undefined, closed: () => undefined })
  let before = -1
  // It stands still: so many turns have passed without another piece.
  for (let idle = 0; idle < 1000; idle++) {
    if (language.pieces !== before) idle = 0
    before = language.pieces
    assert.ok(before < 10_000, 'it prints on and on')
    await new Promise((resolve) => void setImmediate(resolve))
  }
  assert.ok(before > 0)
  await monitor.close()
  assert.equal(language.pieces, before)
})

test('a client that reads at last gets everything', async () => {
  const language = new Chatter()
  const monitor = new HumanMonitor({ language, version: '1' })
  const [client, ours] = memoryPair()
  monitor.connection(ours)
  client.write('endless\n')
  let pieces = 0
  await new Promise<void>((resolve) => {
    let characters = 0
    client.start({
      data: (chunk) => {
        characters += chunk.length
        pieces = Math.floor(characters / 4096)
        client.pause()
        if (pieces > 200) resolve()
        else setImmediate(() => client.resume())
      },
      end: () => undefined,
      closed: () => undefined,
    })
  })
  client.destroy()
  await monitor.close()
  assert.ok(language.pieces >= pieces)
})
