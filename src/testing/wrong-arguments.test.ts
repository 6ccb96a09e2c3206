import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { machineFor, type Preparation, startPrepared, type TestLike } from './index.ts'

const options = { accel: 'none', memory: 16 } as const
const prepare = async (): Promise<void> => undefined

test('what prepares a machine is checked by its names', async () => {
  const wrong: readonly (readonly [object, string])[] = [
    [{}, 'state: it is needed'],
    [{ state: 'x' }, 'prepare: it is needed'],
    [{ state: 'x', prepar: prepare }, 'prepar: there is no such option'],
    [{ state: 'x', prepare: 1 }, 'prepare: a function is expected'],
    [{ state: 'x', prepare, surroundings: { savedState: 'y' } }, 'savedState: there is no such option'],
    [{ state: tmpdir(), prepare }, `savedState ${tmpdir()}: Is a directory`],
  ]
  for (const [preparation, message] of wrong)
    await assert.rejects(startPrepared(options, preparation as Preparation), { name: 'ConfigError', message })
})

test('a machine for a test needs the context of the test', async (t) => {
  await assert.rejects(machineFor(undefined as unknown as TestLike, options), { name: 'TypeError', message: /context/ })
  await assert.rejects(machineFor(t, options, { failure: 'x' } as object), {
    name: 'ConfigError',
    message: 'failure: there is no such option',
  })
})
