import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RingStore } from './ring-store.ts'

function put(ring: RingStore, text: string): void {
  ring.put(Buffer.from(text), () => undefined)
}

function take(ring: RingStore, count: number): string {
  return Buffer.from(ring.take(count)).toString()
}

test('what overflows pushes out the oldest, and what is read is gone', () => {
  const ring = new RingStore(16)
  put(ring, 'hello')
  assert.equal(take(ring, 3), 'hel')
  assert.equal(take(ring, 100), 'lo')
  assert.equal(take(ring, 10), '')
  put(ring, '0123456789abcdefghij')
  assert.equal(ring.length, 16)
  assert.equal(take(ring, 100), '456789abcdefghij')
})

test('a ring is a queue that forgets', () => {
  const steps = fc.array(fc.oneof(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 }), fc.nat(9)))
  fc.assert(
    fc.property(steps, (all) => {
      const ring = new RingStore(8)
      let model = ''
      for (const step of all) {
        if (typeof step === 'string') {
          put(ring, step)
          model = (model + step).slice(-8)
        } else {
          assert.equal(take(ring, step), model.slice(0, step))
          model = model.slice(step)
        }
      }
    }),
  )
})
