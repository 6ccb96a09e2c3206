import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InputEvent, InputKind } from './input-event.ts'
import { InputHandlers } from './input-handlers.ts'

function bench() {
  const handlers = new InputHandlers()
  const log: string[] = []
  const add = (name: string, ...takes: InputKind[]) =>
    handlers.register({
      name,
      takes,
      event: (event) => log.push(`${name} ${event.type}`),
      sync: () => log.push(`${name} sync`),
    })
  const send = (...events: InputEvent[]): string => {
    for (const event of events) handlers.send(event)
    handlers.sync()
    return log.splice(0).join(', ')
  }
  return { handlers, add, send }
}

const rel: InputEvent = { type: 'rel', axis: 'x', value: 1 }
const abs: InputEvent = { type: 'abs', axis: 'x', value: 1 }
const click: InputEvent = { type: 'btn', button: 'left', down: true }
const key: InputEvent = { type: 'key', key: 0x1e, down: true }

test('an event goes to the first device that takes its kind, and only who has had some is told of the end', () => {
  const { handlers, add, send } = bench()
  add('keyboard', 'key')
  add('mouse', 'btn', 'rel')
  add('tablet', 'btn', 'abs')
  assert.equal(
    send(key, rel, click, abs),
    'keyboard key, mouse rel, mouse btn, tablet abs, keyboard sync, mouse sync, tablet sync',
  )
  assert.equal(send(click), 'mouse btn, mouse sync')
  assert.equal(send(), '')
  assert.equal(handlers.takes('abs'), true)
})

test('a device that is activated comes before all others; one that is removed is gone', () => {
  const { handlers, add, send } = bench()
  add('mouse', 'btn', 'rel')
  const tablet = add('tablet', 'btn', 'abs')
  assert.equal(handlers.absolute, false)
  tablet.activate()
  assert.equal(handlers.absolute, true)
  assert.equal(send(click, rel), 'tablet btn, mouse rel, tablet sync, mouse sync')
  tablet.remove()
  assert.equal(handlers.absolute, false)
  assert.equal(handlers.takes('abs'), false)
  assert.equal(send(click, abs), 'mouse btn, mouse sync')
})

test('the list of pointing devices has the one that gets events last, with numbers that are never used again', () => {
  const { handlers, add } = bench()
  const list = (): string[] =>
    handlers.mice().map(({ name, index, current, absolute }) => `${name} ${index} ${current} ${absolute}`)
  assert.deepEqual(list(), [])
  add('keyboard', 'key')
  add('mouse', 'btn', 'rel')
  const tablet = add('tablet', 'btn', 'abs')
  // As QEMU 7.2 lists its mouse and a USB tablet that the guest has not switched on.
  assert.deepEqual(list(), ['tablet 3 false true', 'mouse 2 true false'])
  tablet.remove()
  add('tablet', 'btn', 'abs').activate()
  assert.deepEqual(list(), ['mouse 2 false false', 'tablet 4 true true'])
})

test('a pointing device can be chosen by its number, and nothing else can', () => {
  const { handlers, add, send } = bench()
  let changes = 0
  handlers.onChange(() => changes++)
  add('keyboard', 'key')
  add('mouse', 'btn', 'rel')
  add('tablet', 'btn', 'abs')
  assert.equal(changes, 3)
  assert.equal(handlers.select(3)?.mouse, true)
  assert.equal(changes, 4)
  assert.equal(send(click), 'tablet btn, tablet sync')
  assert.equal(handlers.select(1)?.mouse, false)
  assert.equal(handlers.select(7), undefined)
  assert.equal(changes, 4)
})
