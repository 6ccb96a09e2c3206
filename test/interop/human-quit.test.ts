import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { missingProgram } from '../oracle/peers.ts'

const vmon = fileURLToPath(new URL('../../../bin/vmon.js', import.meta.url))

test('who quits in the human monitor on standard input sees what QEMU shows, and no prompt after it', {
  skip: missingProgram('qemu-system-i386'),
}, () => {
  const options = ['-machine', 'none', '-display', 'none', '-monitor', 'stdio', '-name', 'box']
  const input = 'info name\nquit\n'
  const ours = spawnSync(process.execPath, [vmon, '-accel', 'none', ...options], { input, encoding: 'utf8' })
  const theirs = spawnSync('qemu-system-i386', options, { input, encoding: 'utf8' })
  assert.equal(ours.stdout, theirs.stdout)
  assert.equal(ours.status, 0)
})
