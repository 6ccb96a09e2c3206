import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deferred } from '../async/index.ts'
import { DiskGate, type DiskUse } from './disk-gate.ts'

/** Work that begins when it is let in, and ends when it is told to. */
function starter(gate: DiskGate) {
  const begun: string[] = []
  const start = (name: string, use: DiskUse, signal?: AbortSignal) => {
    const end = deferred<void>()
    const ended = gate.run(
      use,
      async () => {
        begun.push(name)
        await end.promise
      },
      signal,
    )
    return {
      ended,
      end: (): Promise<void> => {
        end.resolve()
        return ended
      },
    }
  }
  return { begun, start }
}

test('changes run together, copies too, and work on the whole runs alone, in the order in which they came', async () => {
  const { begun, start } = starter(new DiskGate())
  const [a, b, c] = [start('a', 'change'), start('b', 'change'), start('c', 'whole')]
  const [d, e, f, g] = [start('d', 'copy'), start('e', 'copy'), start('f', 'change'), start('g', 'whole')]
  assert.deepEqual(begun, ['a', 'b'])
  await a.end()
  assert.deepEqual(begun, ['a', 'b'])
  await b.end()
  assert.deepEqual(begun, ['a', 'b', 'c'])
  await c.end()
  assert.deepEqual(begun, ['a', 'b', 'c', 'd', 'e'])
  await Promise.all([d.end(), e.end()])
  assert.deepEqual(begun.slice(5), ['f'])
  await f.end()
  assert.deepEqual(begun.slice(6), ['g'])
  await g.end()
})

test('who gives up waits no more, and lets in those behind', async () => {
  const { begun, start } = starter(new DiskGate())
  const first = start('first', 'change')
  const caller = new AbortController()
  const given = start('given up', 'whole', caller.signal)
  const behind = start('behind', 'change')
  caller.abort(new Error('enough'))
  await assert.rejects(given.ended, { message: 'enough' })
  assert.deepEqual(begun, ['first', 'behind'])
  await Promise.all([first.end(), behind.end()])

  const whole = start('whole', 'whole')
  await assert.rejects(start('too late', 'change', caller.signal).ended, { message: 'enough' })
  const late = new AbortController()
  const both = start('let in and given up', 'whole', late.signal)
  const last = start('last', 'change')
  await whole.end()
  late.abort(new Error('late'))
  await Promise.allSettled([both.end(), last.end()])
  assert.equal(begun.at(-1), 'last')
})

test('work that fails lets in the next', async () => {
  const gate = new DiskGate()
  const failing = gate.run('whole', () => {
    throw new Error('at once')
  })
  const next = gate.run('whole', async () => 'next')
  await assert.rejects(failing, { message: 'at once' })
  assert.equal(await next, 'next')
})
