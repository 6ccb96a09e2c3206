/** A virtio disk, as Linux uses it. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const timeout = 900_000
const disk = 'virtio-blk-pci,id=v,drive=virtio,serial=abc'

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

/** Paths of what the guest lets go of, as events tell. */
function pathsThatGo(qmp: DebianGuest['vm']['qmp']) {
  const gone = qmp.events({ names: ['DEVICE_DELETED'] })[Symbol.asyncIterator]()
  return async () => (await gone.next()).value?.data?.path
}

describe('a virtio disk', { skip: noDebianGuest, timeout }, () => {
  for (const virtioDisk of [disk, `${disk},disable-legacy=on`, `${disk},disable-modern=on`])
    it(`is formatted, written and read back: ${virtioDisk}`, async (t) => {
      await using guest = await DebianGuest.atPrompt({}, { virtioDisk })
      t.diagnostic(
        await guest.run('grep -iE "virt|00:04|vda" /tmp/boot; ls /sys/bus/virtio/devices; cat /proc/partitions'),
      )
      assert.match(await guest.run('echo $(cat /sys/block/vda/size /sys/block/vda/serial)'), /^131072 abc/)
      assert.match(await guest.run('mke2fs /dev/vda >/dev/null && mount -t ext2 /dev/vda /mnt && echo made'), /^made/m)
      await guest.run('head -c 8000000 /dev/urandom >/mnt/file; sync')
      const sum = (await guest.run('md5sum </mnt/file')).split(' ')[0]!
      await guest.run('umount /mnt; echo 3 >/proc/sys/vm/drop_caches; mount -t ext2 /dev/vda /mnt')
      assert.equal((await guest.run('md5sum </mnt/file')).split(' ')[0], sum)
      await guest.run('umount /mnt')
      const all = (await guest.run('dd if=/dev/vda bs=1M 2>/dev/null | md5sum')).split(' ')[0]
      assert.equal(all, md5(await readFile(guest.virtioDisk)))
    })

  it('comes, is used, goes with what it holds, and comes elsewhere', async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const path = pathsThatGo(qmp)
    const file = join(guest.folder, 'hot.img')
    await writeFile(file, Buffer.alloc(16 << 20))
    await qmp.execute('blockdev-add', { driver: 'file', 'node-name': 'hot', filename: file })
    let sum = ''
    for (const addr of ['6', '9', '6']) {
      await qmp.execute('device_add', { driver: 'virtio-blk-pci', id: 'h', drive: 'hot', addr })
      await guest.run('i=0; until [ -b /dev/vda ] || [ $i = 600 ]; do sleep 0.1; i=$((i+1)); done')
      if (sum === '') {
        await guest.run('mke2fs /dev/vda >/dev/null; mount -t ext2 /dev/vda /mnt; head -c 3000000 /dev/urandom >/mnt/f')
        sum = (await guest.run('md5sum </mnt/f')).split(' ')[0]!
      } else {
        await guest.run('mount -t ext2 /dev/vda /mnt')
        assert.equal((await guest.run('md5sum </mnt/f')).split(' ')[0], sum)
      }
      await guest.run('umount /mnt')
      await qmp.execute('device_del', { id: 'h' })
      assert.deepEqual([await path(), await path()], ['/machine/peripheral/h/virtio-backend', '/machine/peripheral/h'])
      assert.equal(
        (await qmp.execute('query-block')).some(({ qdev }) => qdev?.includes('/h/')),
        false,
      )
    }
    assert.match(await guest.run('ls /dev/vda'), /No such file/)
    await qmp.execute('blockdev-del', { 'node-name': 'hot' })
  })

  it('goes while it is written to, and the guest goes on', async () => {
    await using guest = await DebianGuest.atPrompt({}, { virtioDisk: disk })
    const { qmp } = guest.vm
    const path = pathsThatGo(qmp)
    guest.shell.type('dd if=/dev/zero of=/dev/vda bs=1M oflag=direct; echo ended\n')
    await qmp.execute('device_del', { id: 'v' })
    assert.deepEqual([await path(), await path()], ['/machine/peripheral/v/virtio-backend', '/machine/peripheral/v'])
    await guest.shell.until(/^ended/m)
    await guest.shell.prompt()
    assert.match(await guest.run('ls /dev/vda; echo alive'), /alive/)
  })

  it('has another size when its image has, and the guest is told', async () => {
    await using guest = await DebianGuest.atPrompt({}, { virtioDisk: disk })
    await guest.vm.qmp.execute('block_resize', { 'node-name': 'virtio', size: 100 << 20 })
    const grown = 'i=0; until [ $(cat /sys/block/vda/size) = 204800 ] || [ $i = 600 ]; do sleep 0.1; i=$((i+1)); done'
    assert.equal(await guest.run(`${grown}; cat /sys/block/vda/size`), '204800')
  })
})
