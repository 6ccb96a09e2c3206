import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Scope } from '../async/index.ts'
import type { Clock } from './clock.ts'
import { KeyboardEncoder } from './keyboard-encoder.ts'
import { keyNumber, type QKeyCode } from './q-key-code.ts'
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
  const encoder = new KeyboardEncoder()
  const service = new SendKey({
    scope,
    clock,
    press: (key, down) => {
      const codes = encoder.encode(key, down)
      if (codes.length > 0) log.push(`${clock.now()}:${codes.map((code) => code.toString(16)).join(',')}`)
    },
  })
  if (!paused) service.resume()
  /** What has reached the keyboard since the last call, as `milliseconds:codes`. */
  const sent = (): string => log.splice(0).join(' ')
  return { clock, scope, service, sent }
}

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

test('thousands of keys may wait; what comes beyond that is lost', () => {
  const { clock, service, sent } = bench()
  for (let letter = 0; letter < 3000; letter++) service.send(['a'], 1)
  clock.advance(30_000)
  const presses = sent().match(/:1e/g)!
  assert.equal(presses.length, 2731)
  service.send(['b'], 1)
  clock.advance(5000)
  assert.match(sent(), /:30 .*:b0/)
})

test('a single key waits for what was to be pressed before it, and for nothing else', () => {
  const { clock, service, sent } = bench()
  service.press(keyNumber('c'), true)
  service.send(['a'], 100)
  service.press(keyNumber('c'), false)
  clock.advance(1000)
  assert.equal(sent(), '0:2e 0:1e 100:9e 200:ae')
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
