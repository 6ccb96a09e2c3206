/** Disks and CDs on virtio-scsi, as Linux uses them. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const timeout = 900_000
const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')
const appeared = (path: string): string => `until [ -b ${path} ]; do sleep 0.1; done`

describe('disks and CDs on virtio-scsi', { skip: noDebianGuest, timeout }, () => {
  it('come, are formatted, written, read, and go with what they hold', async (t) => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const gone = qmp.events({ names: ['DEVICE_DELETED'] })[Symbol.asyncIterator]()
    const path = async () => (await gone.next()).value?.data?.path
    const disk = join(guest.folder, 'scsi.img')
    const disc = join(guest.folder, 'scsi.iso')
    await writeFile(disk, Buffer.alloc(16 << 20))
    const onDisc = randomBytes(2_000 * 2048)
    await writeFile(disc, onDisc)
    for (const [node, filename] of [
      ['hot', disk],
      ['cd', disc],
    ] as const)
      await qmp.execute('blockdev-add', { driver: 'file', 'node-name': node, filename, 'read-only': node === 'cd' })
    await qmp.execute('device_add', { driver: 'virtio-scsi-pci', id: 's' })
    await qmp.execute('device_add', { driver: 'scsi-hd', id: 'h', drive: 'hot', serial: 'abc' })
    await guest.run(appeared('/dev/sdb'))
    t.diagnostic(await guest.run('dmesg | tail -20; cat /sys/block/sdb/device/vendor /sys/block/sdb/device/model'))
    assert.equal(await guest.run('cat /sys/block/sdb/size'), '32768')
    assert.match(await guest.run('mke2fs /dev/sdb >/dev/null && mount -t ext2 /dev/sdb /mnt && echo made'), /^made/m)
    await guest.run('head -c 8000000 /dev/urandom >/mnt/file; sync')
    const sum = (await guest.run('md5sum </mnt/file')).split(' ')[0]!
    await guest.run('umount /mnt')
    const all = (await guest.run('dd if=/dev/sdb bs=1M iflag=direct 2>/dev/null | md5sum')).split(' ')[0]
    assert.equal(all, md5(await readFile(disk)))

    await qmp.execute('device_add', { driver: 'scsi-cd', id: 'c', drive: 'cd' })
    await guest.run(appeared('/dev/sr1'))
    assert.equal((await guest.run('dd if=/dev/sr1 bs=1M 2>/dev/null | md5sum')).split(' ')[0], md5(onDisc))
    await guest.run('helper cdrom eject /dev/sr1')
    const tray = async () => (await qmp.execute('query-block')).find(({ qdev }) => qdev === 'c')?.tray_open
    assert.equal(await tray(), true)

    await qmp.execute('device_del', { id: 'h' })
    assert.equal(await path(), '/machine/peripheral/h')
    await guest.run('while [ -b /dev/sdb ]; do sleep 0.1; done')
    await qmp.execute('device_add', { driver: 'scsi-hd', id: 'k', drive: 'hot', 'scsi-id': 7, lun: 3 })
    await guest.run(appeared('/dev/sdb'))
    await guest.run('mount -t ext2 /dev/sdb /mnt')
    assert.equal((await guest.run('md5sum </mnt/file')).split(' ')[0], sum)
    await guest.run('umount /mnt')

    await qmp.execute('device_del', { id: 's' })
    assert.deepEqual(
      [await path(), await path(), await path(), await path()],
      ['k', 'c', 's/virtio-backend', 's'].map((name) => `/machine/peripheral/${name}`),
    )
    assert.match(await guest.run('ls /dev/sdb /dev/sr1; echo alive'), /alive/)
  })
})
