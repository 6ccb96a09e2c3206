import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { supportedDrivers } from '../index.ts'

test('-drive format=help lists what is written, and what is read, and ends well', () => {
  const [written, read] = supportedDrivers().split('\n')
  assert.match(written!, /^Supported formats: .*\bqcow2 raw\b/)
  assert.match(read!, /^Supported formats \(read-only\): .*\bvmdk\b/)
  assert.doesNotMatch(written!, /vmdk/)
  for (const options of ['format=help', 'if=none,format=?', 'file=none,format=help']) {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['bin/vmon.js', '-drive', options])
    assert.deepEqual([status, String(stdout), String(stderr)], [0, supportedDrivers(), ''])
  }
})
