/** A machine in a program that stands on Node's command line: the options that Node reads it by are not those of a board. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

test('a board runs in a program of node --input-type=module -e', async () => {
  const program = `
    import { startMachine } from ${JSON.stringify(new URL('../../src/index.js', import.meta.url).href)}
    const vm = await startMachine({ memory: 16 })
    await vm.machine.board.ready
    const { status } = await vm.qmp.execute('query-status')
    await vm.close()
    console.log(status)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  assert.equal(stdout, 'running\n')
})
