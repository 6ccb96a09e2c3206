import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startMachine } from './start-machine.ts'

const options = { accel: 'none', memory: 16 } as const

test('a misspelled or wrong member of any argument is refused by its name', async () => {
  const wrong: readonly (readonly [object, object | null, string])[] = [
    [{ bogus: 1 }, {}, 'bogus: there is no such option'],
    [{ paused: 'yes' }, {}, 'paused: true or false is expected'],
    [{ hda: true }, {}, 'hda: a string, a number, an object or a list of them is expected'],
    [{ devices: [null] }, {}, 'devices: a string, a number, an object or a list of them is expected'],
    [{}, { savedstate: 'x' }, 'savedstate: there is no such option'],
    [{}, { warn: 'x' }, 'warn: a function is expected'],
    [{}, { toString: 1 }, 'toString: there is no such option'],
    [{}, null, 'surroundings: an object is expected'],
  ]
  for (const [more, surroundings, message] of wrong)
    await assert.rejects(startMachine({ ...options, ...more }, surroundings as object), {
      name: 'ConfigError',
      message,
    })
})

test('so is one of a fork, and the machine is as it was', async () => {
  await using vm = await startMachine(options)
  const wrong: readonly (readonly [object | null, string])[] = [
    [{ mac: { n0: '52:54:00:00:00:02' } }, 'mac: there is no such option'],
    [{ macs: ['x'] }, 'macs: an object of strings is expected'],
    [{ macs: { n0: 1 } }, 'macs: an object of strings is expected'],
    [{ paused: 'yes' }, 'paused: true or false is expected'],
    [{ folder: 1 }, 'folder: a string is expected'],
    [null, 'options: an object is expected'],
  ]
  for (const [fork, message] of wrong) await assert.rejects(vm.fork(fork as object), { name: 'ConfigError', message })
  assert.equal((await vm.qmp.execute('query-status')).status, 'running')
})
