import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type RunningMachine, startMachine } from './start-machine.ts'

const options = { accel: 'none', memory: 16, noDefaults: true } as const
const timeout = 120_000

/** Ids of the functions on the bus. */
async function present({ qmp }: RunningMachine): Promise<string[]> {
  const buses = await qmp.execute('query-pci')
  return buses.flatMap(({ devices }) => devices.flatMap(({ qdev_id: id }) => (id === '' ? [] : [id]))).sort()
}

describe('devices that come and go in a machine that never executes', { timeout }, () => {
  it('take their drives again at once, and leave nothing behind', async () => {
    await using vm = await startMachine({
      ...options,
      blockdevs: ['driver=null-co,node-name=z,size=1048576'],
      chardevs: ['null,id=c'],
    })
    const { qmp } = vm
    const events = qmp.events({ names: ['DEVICE_DELETED'] })[Symbol.asyncIterator]()
    const once = async (): Promise<void> => {
      await qmp.execute('device_add', { driver: 'virtio-blk-pci', id: 'd', drive: 'z' })
      await qmp.execute('device_add', { driver: 'pci-serial', id: 's', chardev: 'c' })
      await qmp.execute('device_del', { id: 'd' })
      await qmp.execute('device_del', { id: 's' })
      await qmp.execute('system_reset')
      const paths: unknown[] = []
      for (let count = 0; count < 4; count++) paths.push((await events.next()).value?.data?.path)
      assert.deepEqual(
        paths,
        ['d/virtio-backend', 'd', 's/serial', 's'].map((name) => `/machine/peripheral/${name}`),
      )
    }
    await once()
    const descriptors = (await readdir('/proc/self/fd')).length
    for (let time = 0; time < 100; time++) await once()
    assert.equal((await readdir('/proc/self/fd')).length, descriptors)
    assert.deepEqual(await present(vm), [])
    await qmp.execute('blockdev-del', { 'node-name': 'z' })
    await qmp.execute('chardev-remove', { id: 'c' })
  })

  it('are one of a name, whoever asks first', async () => {
    await using vm = await startMachine(options)
    const asked = Array.from({ length: 10 }, () => vm.qmp.execute('device_add', { driver: 'pvpanic-pci', id: 'p' }))
    const answers = await Promise.allSettled(asked)
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.deepEqual(await present(vm), ['p'])
  })

  it('are there from when they are added until they were to go and a reset came, whatever else is asked', async () => {
    const act = fc.tuple(fc.constantFrom('add', 'del', 'reset'), fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(3))
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 30 }), async (acts) => {
        await using vm = await startMachine(options)
        const { qmp } = vm
        const there = new Map<string, { readonly slot: number; leaving: boolean }>()
        for (const [what, id, number] of acts) {
          const slot = 4 + number
          const known = there.get(id)
          if (what === 'add') {
            const free = known === undefined && ![...there.values()].some((other) => other.slot === slot)
            const done = qmp.execute('device_add', { driver: 'pvpanic-pci', id, addr: slot.toString(16) })
            if (free) await done.then(() => there.set(id, { slot, leaving: false }))
            else await assert.rejects(done, /Duplicate device ID|not available for pvpanic-pci/)
          } else if (what === 'del') {
            const done = qmp.execute('device_del', { id })
            if (known === undefined) await assert.rejects(done, { errorClass: 'DeviceNotFound' })
            else await done.then(() => there.set(id, { ...known, leaving: true }))
          } else {
            const leaving = [...there].filter(([, device]) => device.leaving).map(([name]) => name)
            const events = qmp.events({ names: ['DEVICE_DELETED'] })[Symbol.asyncIterator]()
            await qmp.execute('system_reset')
            const gone = []
            for (const name of leaving) {
              gone.push((await events.next()).value?.data?.device)
              there.delete(name)
            }
            assert.deepEqual(gone.sort(), leaving.sort())
          }
        }
        assert.deepEqual(await present(vm), [...there.keys()].sort())
      }),
      { numRuns: 20, seed: 11 },
    )
  })
})
