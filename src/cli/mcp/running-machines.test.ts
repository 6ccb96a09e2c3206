import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RunningMachines } from './running-machines.ts'

const { signal } = new AbortController()
const none = { options: { machine: 'none' }, savedState: undefined, signal } as const

describe('the machines of a server', () => {
  it('have memory that counts', async () => {
    await using machines = new RunningMachines({ machines: 4, memory: 16 })
    const start = (memory: number) => machines.start({ ...none, name: undefined, memory })
    await assert.rejects(start(0), { message: /at least 1 MiB/ })
    await start(10)
    await assert.rejects(start(7), { message: /16 are allowed, 10 are used/ })
  })

  it('have names that can be part of an address', async () => {
    await using machines = new RunningMachines({ machines: 4, memory: 16 })
    const start = (name: string) => machines.start({ ...none, name, memory: 1 })
    for (const name of ['\ud800', 'a\udc00', 'two\nlines', 'x\u2028', '', 'x'.repeat(101)])
      await assert.rejects(start(name), { message: /a name is 1 to 100 characters/ })
    const machine = await start('Gäste 1/\u{1f600}')
    assert.equal(decodeURIComponent(encodeURIComponent(machine.name)), machine.name)
  })
})
