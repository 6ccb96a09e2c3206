import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { deferred } from '../async/index.ts'
import { memoryPair } from '../transport/index.ts'
import { Line } from './index.ts'

test('what the guest sends is lost while nobody is connected', async () => {
  const line = new Line(async () => undefined)
  assert.equal(line.output(Buffer.from('lost')), undefined)
  const [near, far] = memoryPair()
  line.connection(near)
  let got = ''
  far.start({
    data: (chunk) => {
      got += chunk
    },
  })
  line.output(Buffer.from('kept'))
  while (got !== 'kept') await turn()
  await far.close()
  await near.closed
  assert.equal(line.output(Buffer.from('lost again')), undefined)
})

test('the guest waits while the terminal does not read, and goes on when it reads or leaves', async () => {
  const line = new Line(async () => undefined)
  const [near, far] = memoryPair()
  line.connection(near)
  far.start({ data: () => undefined })
  far.pause()
  const waits = (): Promise<void> => {
    for (;;) {
      const room = line.output(new Uint8Array(16 * 1024))
      if (room !== undefined) return room
    }
  }
  const room = waits()
  far.resume()
  await room
  far.pause()
  const gone = waits()
  far.destroy()
  await gone
})

test('the terminal waits while the guest does not read', async () => {
  const taken: string[] = []
  let room = deferred()
  const line = new Line((bytes) => {
    taken.push(Buffer.from(bytes).toString())
    return room.promise
  })
  const [near, far] = memoryPair()
  line.connection(near)
  far.start({ data: () => undefined })
  far.write('first')
  while (taken.length === 0) await turn()
  far.write('second')
  for (let i = 0; i < 5; i++) await turn()
  assert.deepEqual(taken, ['first'])
  const before = room
  room = deferred()
  before.resolve()
  while (taken.length < 2) await turn()
  assert.deepEqual(taken, ['first', 'second'])
  far.destroy()
})

test('a terminal that hangs up is gone, but where only the input ends the guest is still heard', async () => {
  for (const kind of ['unix', 'stdio', 'pipe'] as const) {
    const line = new Line(async () => undefined)
    const [near, far] = memoryPair()
    line.connection(new Proxy(near, { get: (duplex, name) => (name === 'kind' ? kind : bound(duplex, name)) }))
    let got = ''
    let over = false
    far.start({
      data: (chunk) => {
        got += chunk
      },
      end: () => {
        over = true
      },
    })
    far.end()
    for (let i = 0; i < 5; i++) await turn()
    line.output(Buffer.from('heard'))
    for (let i = 0; i < 5; i++) await turn()
    assert.deepEqual([kind, got, over], kind === 'unix' ? [kind, '', true] : [kind, 'heard', false])
    near.destroy()
  }
})

/** A member of an object with private members, for a proxy. */
function bound<T extends object>(target: T, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name, target)
  return typeof member === 'function' ? member.bind(target) : member
}
