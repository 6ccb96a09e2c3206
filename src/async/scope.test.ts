import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Scope } from './index.ts'

test('a scope ends what it owns in reverse order, and waits for each', async () => {
  const ended: string[] = []
  const scope = new Scope()
  scope.own(() => ended.push('first'))
  scope.own({
    async close() {
      await Promise.resolve()
      ended.push('second')
    },
  })
  await Promise.all([scope.close(), scope.close()])
  assert.deepEqual(ended, ['second', 'first'])
})

test('a scope that ends aborts its signal first, ends its children, and takes nothing more', async () => {
  const scope = new Scope()
  const child = scope.child()
  let abortedBefore = false
  child.own(() => {
    abortedBefore = scope.signal.aborted
  })
  await scope.close()
  assert.ok(abortedBefore && child.signal.aborted)
  assert.throws(() => scope.own(() => undefined), /closed/)
})

test('a child that ended by itself is forgotten by its parent', async () => {
  const scope = new Scope()
  let count = 0
  const child = scope.child()
  child.own(() => count++)
  await child.close()
  await scope.close()
  assert.equal(count, 1)
})

test('close() throws what enders threw, after ending all of them', async () => {
  const scope = new Scope()
  let last = false
  scope.own(() => {
    last = true
  })
  scope.own(() => {
    throw new Error('one')
  })
  scope.own(() => {
    throw new Error('two')
  })
  await assert.rejects(scope.close(), (error) => error instanceof AggregateError && error.errors.length === 2)
  assert.ok(last)
})
