import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Deferred, deferred } from '../../async/index.ts'
import { AloneOrTogether } from './alone-or-together.ts'

test('what may run together does, and what must be alone waits for it and holds the rest back', async () => {
  const gate = new AloneOrTogether()
  const log: string[] = []
  const ends = new Map<string, Deferred<void>>()
  const work = (name: string) => async (): Promise<string> => {
    log.push(`${name} begins`)
    const end = deferred()
    ends.set(name, end)
    await end.promise
    log.push(`${name} ends`)
    return name
  }
  const end = async (name: string): Promise<void> => {
    ends.get(name)!.resolve()
    await turn()
  }
  const all = [
    gate.together(work('a')),
    gate.together(work('b')),
    gate.alone(work('C')),
    gate.together(work('d')),
    gate.alone(work('E')),
  ]
  await turn()
  assert.deepEqual(log.splice(0), ['a begins', 'b begins'])
  await end('a')
  assert.deepEqual(log.splice(0), ['a ends'])
  await end('b')
  assert.deepEqual(log.splice(0), ['b ends', 'C begins'])
  await end('C')
  assert.deepEqual(log.splice(0), ['C ends', 'E begins'])
  await end('E')
  assert.deepEqual(log.splice(0), ['E ends', 'd begins'])
  await end('d')
  assert.deepEqual(await Promise.all(all), ['a', 'b', 'C', 'd', 'E'])
})

test('work that fails lets the next one in', async () => {
  const gate = new AloneOrTogether()
  const fail = async (): Promise<never> => {
    throw new Error('no')
  }
  await assert.rejects(gate.alone(fail), /no/)
  await assert.rejects(gate.together(fail), /no/)
  await assert.rejects(
    gate.together(() => {
      throw new Error('at once')
    }),
    /at once/,
  )
  assert.equal(await gate.alone(async () => 'in'), 'in')
})
