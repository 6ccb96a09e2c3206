/** Devices that come and go under Linux again and again: what the process has used of its system, it gives back. */
import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

/** How often a disk is plugged in: `npm run suites -- plugging` does it a hundred times. */
const cycles = Number(process.env['VMON_PLUGGING'] ?? 1)
const timeout = 300_000 + cycles * 30_000
const slot = 9
const there = `/sys/bus/pci/devices/0000:00:0${slot}.0`

/** What can be plugged in alone: with what, and the number by which Linux finds it. */
const models: readonly (readonly [driver: string, id: string, more?: Readonly<Record<string, string>>])[] = [
  ['e1000', '0x100e', { netdev: 'net' }],
  ['i6300esb', '0x25ab'],
  ['pci-serial', '0x0002', { chardev: 'sink' }],
  ['pvpanic-pci', '0x0011'],
  ['virtio-9p-pci', '0x1009', { fsdev: 'folder', mount_tag: 'tag' }],
  ['virtio-balloon-pci', '0x1002'],
  ['virtio-blk-pci', '0x1001', { drive: 'hot' }],
  ['virtio-keyboard-pci', '0x1052'],
  ['virtio-mouse-pci', '0x1052'],
  ['virtio-net-pci', '0x1000', { netdev: 'net' }],
  ['virtio-rng-pci', '0x1005'],
  ['virtio-scsi-pci', '0x1004'],
  ['virtio-serial-pci', '0x1003'],
  ['virtio-tablet-pci', '0x1052'],
]

/** What the process uses of its system. */
async function footprint() {
  return {
    descriptors: (await readdir('/proc/self/fd')).length,
    threads: (await readdir('/proc/self/task')).length,
    memory: process.memoryUsage.rss(),
  }
}

async function withDisk(guest: DebianGuest): Promise<void> {
  const file = join(guest.folder, 'hot.img')
  await writeFile(file, Buffer.alloc(16 << 20))
  await guest.vm.qmp.execute('blockdev-add', { driver: 'file', 'node-name': 'hot', filename: file })
}

/** @returns unplugs a device, and waits until the guest has let go of it */
function unplugger({ vm: { qmp } }: DebianGuest) {
  return async (id: string): Promise<void> => {
    const gone = qmp.waitForEvent('DEVICE_DELETED', ({ data }) => data.device === id)
    await qmp.execute('device_del', { id })
    await gone
  }
}

describe('under Linux', { skip: noDebianGuest, timeout }, () => {
  it(`a disk comes here and there, holds what it held, and goes: ${cycles} times`, async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const unplug = unplugger(guest)
    await withDisk(guest)
    let sum = ''
    const once = async (addr: number): Promise<void> => {
      await qmp.execute('device_add', { driver: 'virtio-blk-pci', id: 'h', drive: 'hot', addr: String(addr) })
      await guest.run('until [ -b /dev/vda ]; do usleep 10000; done')
      if (sum === '') await guest.run('mke2fs /dev/vda >/dev/null')
      await guest.run('mount -t ext2 /dev/vda /mnt')
      if (sum !== '') assert.equal(await guest.run('md5sum </mnt/f'), sum)
      await guest.run('head -c 1000000 /dev/urandom >/mnt/f')
      sum = await guest.run('md5sum </mnt/f')
      await guest.run('umount /mnt')
      await unplug('h')
    }
    await once(6)
    const before = await footprint()
    for (let cycle = 0; cycle < cycles; cycle++) await once(6 + (cycle % 3))
    const after = await footprint()
    assert.deepEqual([after.descriptors, after.threads], [before.descriptors, before.threads])
    // The guest's code is translated meanwhile, which takes tens of megabytes whatever is plugged in.
    assert.ok(after.memory - before.memory < 128 << 20, `${before.memory} bytes became ${after.memory}`)
    await qmp.execute('blockdev-del', { 'node-name': 'hot' })
  })

  it('each model comes, is found, and goes', async () => {
    await using guest = await DebianGuest.atPrompt({ fsdevs: ['local,id=folder,path=/tmp,security_model=none'] })
    const { qmp } = guest.vm
    const unplug = unplugger(guest)
    await withDisk(guest)
    await qmp.execute('netdev_add', { type: 'user', id: 'net' })
    await qmp.execute('chardev-add', { id: 'sink', backend: { type: 'null', data: {} } })
    const all = async (): Promise<void> => {
      for (const [driver, device, more] of models) {
        await qmp.execute('device_add', { driver, id: 'd', addr: String(slot), ...more })
        const told = await guest.run(`until [ -e ${there}/device ]; do usleep 10000; done; cat ${there}/device`)
        // Of a shell at a port that goes, init may complain on the same line.
        assert.equal(told.split(/\r?\n/).at(-1), device, driver)
        await unplug('d')
        assert.equal(await guest.run(`[ -e ${there} ] || echo gone`), 'gone', driver)
      }
    }
    await all()
    if (cycles === 1) return // in a hurry: what is begun once and stays has not been told from what is lost
    const before = await footprint()
    await all()
    const after = await footprint()
    assert.deepEqual([after.descriptors, after.threads], [before.descriptors, before.threads])
  })
})
