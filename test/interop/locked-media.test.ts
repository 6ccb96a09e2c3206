import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createDisk } from '../../src/block/index.ts'
import { startMachine } from '../../src/index.ts'

test('a machine does not go on while a medium waits for its key', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-locked-'))
  try {
    const target = join(folder, 'medium')
    const options = { 'encrypt.format': 'aes', 'encrypt.key-secret': 'key' }
    await createDisk(target, { format: 'qcow2', size: 2 ** 20, options, secrets: { key: 'a key' } })
    await using vm = await startMachine({ memory: '16M', paused: true })
    const device = 'ide1-cd0'
    const message = `'${device}' (${target}) is encrypted`
    await assert.rejects(vm.qmp.execute('change', { device, target, arg: 'qcow2' }), { message })
    await assert.rejects(vm.qmp.execute('cont'), { message })
    assert.equal((await vm.qmp.execute('query-status')).status, 'prelaunch')
    await vm.qmp.execute('block_passwd', { device, password: 'a key' })
    await vm.qmp.execute('cont')
    assert.equal((await vm.qmp.execute('query-status')).running, true)
  } finally {
    await rm(folder, { recursive: true })
  }
})
