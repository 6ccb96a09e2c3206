/** Machines that come and go in one process leave nothing behind. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { type MachineOptions, startMachine } from '../../src/index.ts'

/** Descriptors, and what keeps the process alive, once whatever is about to end has ended. */
async function holdings(): Promise<{ descriptors: number; resources: string[] }> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  return { descriptors: readdirSync('/proc/self/fd').length, resources: process.getActiveResourcesInfo().sort() }
}

async function cycle(options: MachineOptions): Promise<void> {
  const machine = await startMachine(options)
  assert.match((await machine.qmp.execute('query-status')).status, /prelaunch|running/)
  await machine.machine.board.ready
  await machine.qmp.execute('quit')
  await machine.machine.ended
}

const kinds: [name: string, cycles: number, options: MachineOptions][] = [
  ['never execute', 500, { accel: 'none' }],
  ['run', 12, { memory: '16M' }],
]

for (const [name, cycles, options] of kinds) {
  test(`${cycles} machines that ${name} leave no worker, handle or descriptor`, async () => {
    await cycle(options) // what is loaded once, stays
    const before = await holdings()
    for (let count = 0; count < cycles; count++) await cycle(options)
    assert.deepEqual(await holdings(), before)
  })
}
