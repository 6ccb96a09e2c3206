/** What QEMU tells as text alone: the same as the human monitor prints. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startMachine } from '../../src/index.ts'

describe('x-query-…', () => {
  it('gives what the topics of info print', async () => {
    await using vm = await startMachine({ accel: 'none' })
    for (const topic of ['irq', 'numa', 'opcount', 'ramblock', 'rdma', 'roms'] as const) {
      const { 'human-readable-text': text } = await vm.qmp.execute(`x-query-${topic}`)
      const printed = await vm.qmp.execute('human-monitor-command', { 'command-line': `info ${topic}` })
      assert.equal(text, printed.replaceAll('\r\n', '\n'))
    }
  })

  it('fails where a topic does', async () => {
    await using vm = await startMachine({ accel: 'none' })
    await assert.rejects(vm.qmp.execute('x-query-usb'), /USB support not enabled/)
    await assert.rejects(vm.qmp.execute('x-query-profile'), /Internal profiler not compiled/)
    await assert.rejects(vm.qmp.execute('x-query-jit'), /JIT information is only available with accel=tcg/)
  })
})

it('says that there are no virtio devices only where there are none', async () => {
  await using vm = await startMachine({ accel: 'none' })
  const asked = { 'command-line': 'info virtio' }
  assert.equal(await vm.qmp.execute('human-monitor-command', asked), 'No VirtIO devices\r\n')
  await vm.qmp.execute('device_add', { driver: 'virtio-rng-pci', id: 'r' })
  const path = '/machine/peripheral/r/virtio-backend'
  assert.equal(await vm.qmp.execute('human-monitor-command', asked), `${path} [virtio-rng]\r\n`)
  assert.deepEqual(await vm.qmp.execute('x-query-virtio'), [{ name: 'virtio-rng', path }])
  const gone = vm.qmp.events({ names: ['DEVICE_DELETED'] })[Symbol.asyncIterator]()
  await vm.qmp.execute('device_del', { id: 'r' })
  await vm.qmp.execute('system_reset')
  assert.deepEqual((await gone.next()).value?.data, { path })
  await gone.next()
  assert.deepEqual(await vm.qmp.execute('x-query-virtio'), [])
})
