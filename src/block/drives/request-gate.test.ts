import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RequestGate } from './request-gate.ts'

test('who asks first enters first, even if a smaller one would fit before', async () => {
  const gate = new RequestGate({ requests: 10, bytes: 100 })
  const entered: string[] = []
  assert.equal(gate.enter(60), undefined)
  const large = gate.enter(80)!.then(() => entered.push('large'))
  const small = gate.enter(20)!.then(() => entered.push('small'))
  gate.leave(60)
  await Promise.all([large, small])
  assert.deepEqual(entered, ['large', 'small'])
})

test('a request larger than the limit runs, alone', async () => {
  const gate = new RequestGate({ requests: 10, bytes: 100 })
  assert.equal(gate.enter(1000), undefined)
  const next = gate.enter(1)
  assert.ok(next)
  gate.leave(1000)
  await next
})

test('whatever comes and goes, the limits hold and nobody is left outside', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 150 }), { maxLength: 60 }), async (sizes) => {
      const gate = new RequestGate({ requests: 4, bytes: 100 })
      let requests = 0
      let bytes = 0
      const run = async (size: number): Promise<void> => {
        await gate.enter(size)
        requests++
        bytes += size
        assert.ok(requests === 1 || (requests <= 4 && bytes <= 100))
        await Promise.resolve()
        requests--
        bytes -= size
        gate.leave(size)
      }
      await Promise.all(sizes.map(run))
      assert.equal(gate.enter(100), undefined)
    }),
  )
})
