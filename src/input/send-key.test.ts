import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Scope } from '../async/index.ts'
import type { Clock } from './clock.ts'
import type { QKeyCode } from './q-key-code.ts'
import { type KeyValue, SendKey } from './send-key.ts'

/** A clock that moves when it is told to. */
class TestClock implements Clock {
  #now = 0
  #timers: { at: number; action: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, action: () => void): () => void {
    const timer = { at: this.#now + ms, action }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  get pending(): number {
    return this.#timers.length
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#now = next.at
      next.action()
    }
    this.#now = end
  }
}

function bench({ paused = false } = {}) {
  const clock = new TestClock()
  const scope = new Scope()
  const log: string[] = []
  const failures: unknown[] = []
  const broken: { error?: Error } = {}
  const service = new SendKey({
    scope,
    clock,
    sink: async (codes) => {
      if (broken.error !== undefined) throw broken.error
      log.push(`${clock.now()}:${codes.map((code) => code.toString(16)).join(',')}`)
    },
    failed: (error) => failures.push(error),
  })
  if (!paused) service.resume()
  /** What has reached the keyboard since the last call, as `milliseconds:codes`. */
  const sent = (): string => log.splice(0).join(' ')
  return { clock, scope, service, sent, failures, broken }
}

const many = (name: QKeyCode, count: number): QKeyCode[] => Array.from({ length: count }, () => name)

test('keys go down in order and up in reverse, a step every 10 ms', () => {
  const { clock, service, sent } = bench()
  service.send(['ctrl', 'alt', 'delete'])
  clock.advance(1000)
  assert.equal(sent(), '0:1d 10:38 20:e0,53 30:e0,d3 40:b8 50:9d')
  assert.equal(clock.pending, 0)
})

test('the hold time spaces the steps; 0 and less is the default, and it counts modulo 2^32', () => {
  for (const [holdMs, second] of [
    [50, 50],
    [0, 10],
    [-5, 10],
    [2 ** 32 + 40, 40],
    [2n ** 32n, 10],
  ] as const) {
    const { clock, service, sent } = bench()
    service.send(['a'], holdMs)
    clock.advance(200)
    assert.equal(sent(), `0:1e ${second}:9e`)
  }
})

test('names, key values and numbers mix; what is no key takes its time and sends nothing', () => {
  const { clock, service, sent } = bench()
  const keys: (QKeyCode | KeyValue)[] = [
    'shift',
    { type: 'qcode', data: 'b' },
    { type: 'number', data: 0xc8 },
    { type: 'number', data: 0x7f },
  ]
  service.send(keys, 1)
  clock.advance(100)
  assert.equal(sent(), '0:2a 1:30 2:e0,48 5:e0,c8 6:b0 7:aa')
})

test('a request waits for the one before, and for its last hold', () => {
  const { clock, service, sent } = bench()
  service.send(['a'], 100)
  service.send(['b'], 20)
  service.send(['c'])
  clock.advance(1000)
  assert.equal(sent(), '0:1e 100:9e 200:30 220:b0 240:2e 250:ae')
})

test('no keys are no work', () => {
  const { clock, service, sent } = bench()
  service.send([])
  assert.equal(clock.pending, 0)
  assert.equal(sent(), '')
})

test('keys that come while the machine stands still are lost', () => {
  const { clock, service, sent } = bench({ paused: true })
  service.send(['a', 'b'])
  service.resume()
  clock.advance(1000)
  assert.equal(sent(), '')
})

test('a pause holds what waits, and the hold goes on where it stood', () => {
  const { clock, service, sent } = bench()
  service.send(['a', 'b'], 200)
  clock.advance(50)
  service.pause()
  assert.equal(clock.pending, 0)
  clock.advance(5000)
  service.resume()
  clock.advance(149)
  assert.equal(sent(), '0:1e')
  clock.advance(1000)
  assert.equal(sent(), '5200:30 5400:b0 5600:9e')
})

test('keys that come during a pause with others waiting follow them, without holds', () => {
  const { clock, service, sent } = bench()
  service.send(['a'], 100)
  service.pause()
  service.send(['c'], 100)
  service.resume()
  clock.advance(1000)
  assert.equal(sent(), '0:1e 100:9e 200:2e 200:ae')
})

test('the queue takes 342 presses and then loses what comes, as the binary does', () => {
  const { clock, service, sent } = bench()
  service.send(many('a', 600), 1)
  clock.advance(5000)
  const codes = sent()
    .split(' ')
    .map((entry) => entry.split(':')[1])
  assert.deepEqual(
    codes,
    Array.from({ length: 342 }, () => '1e'),
  )
  service.send(['b'], 1)
  clock.advance(5000)
  assert.match(sent(), /:30 .*:b0/)
})

test('a sink that rejects drops what waits and tells the owner once; later keys are tried again', async () => {
  const { clock, service, sent, failures, broken } = bench()
  service.send(['ctrl', 'a'])
  broken.error = new Error('unplugged')
  clock.advance(10)
  await new Promise((resolve) => setImmediate(resolve))
  clock.advance(1000)
  assert.deepEqual(failures, [broken.error])
  assert.equal(sent(), '0:1d')
  delete broken.error
  service.send(['b'])
  clock.advance(1000)
  assert.equal(sent(), '1010:30 1020:b0')
})

test('the end of the scope takes the timer away; keys after it go nowhere', async () => {
  const { clock, scope, service, sent } = bench()
  service.send(['a'], 100)
  await scope.close()
  assert.equal(clock.pending, 0)
  service.send(['b'])
  clock.advance(1000)
  assert.equal(sent(), '0:1e')
})
