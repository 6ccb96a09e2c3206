/** A folder of the host's in the guest, by virtio-9p and Linux's own driver. */
import assert from 'node:assert/strict'
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

describe('a shared folder in the Debian guest', { skip: noDebianGuest, timeout: 300_000 }, () => {
  it('is mounted, read, written, and left again; nothing above it is there', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'vmon-folder-'))
    const path = join(outside, 'shared')
    await mkdir(path)
    await writeFile(join(outside, 'secret'), 'secret')
    await symlink('../secret', join(path, 'leak'))
    await writeFile(join(path, 'from-host'), 'of the host\n')
    const fsdevs = [
      `local,id=f,path=${path},security_model=none`,
      `local,id=m,path=${path},security_model=mapped-xattr,readonly=on`,
    ]
    try {
      await using guest = await DebianGuest.atPrompt({ fsdevs })
      const { qmp } = guest.vm
      await qmp.execute('device_add', { driver: 'virtio-9p-pci', id: 'd', fsdev: 'f', mount_tag: 'tag' })
      const mount = (tag: string, folder: string) =>
        guest.run(
          `mkdir -p ${folder}; until mount -t 9p -o trans=virtio,version=9p2000.L ${tag} ${folder} 2>/dev/null; do usleep 50000; done`,
        )
      await mount('tag', '/mnt')
      assert.equal(await guest.run('cat /mnt/from-host'), 'of the host')
      assert.match(await guest.run('cat /mnt/leak 2>&1'), /No such file/)
      assert.match(await guest.run('cat /mnt/../mnt/leak/../secret 2>&1'), /No such file|Not a directory/)
      // What Linux does with files, in one line: each says what went wrong, or nothing.
      const said = await guest.run(
        'cd /mnt && mkdir -p a/b && seq 1 20000 >a/b/numbers && mv a/b/numbers a/n && ln a/n hard && ln -s a/n soft && ' +
          'cmp soft hard && chmod 640 a/n && echo more >>a/n && truncate -s 10 hard && rmdir a/b && ' +
          'touch -d 2001-02-03 a/n && mkfifo pipe && rm pipe && cd / && sync && echo done',
      )
      assert.equal(said, 'done')
      assert.deepEqual((await readdir(path)).sort(), ['a', 'from-host', 'hard', 'leak', 'soft'])
      assert.equal(await readFile(join(path, 'hard'), 'latin1'), '1\n2\n3\n4\n5\n')
      const stats = await lstat(join(path, 'a', 'n'))
      assert.deepEqual(
        [stats.mode & 0o777, stats.nlink, stats.mtime.toISOString().slice(0, 10)],
        [0o640, 2, '2001-02-03'],
      )
      // A megabyte there and back, and many names.
      await guest.run('dd if=/dev/urandom of=/mnt/large bs=64k count=16 2>/dev/null')
      const sum = await guest.run('md5sum </mnt/large')
      await guest.run('mkdir /mnt/many; cd /mnt/many; for i in $(seq 1 300); do : >file$i; done; cd /')
      assert.equal(await guest.run('ls /mnt/many | wc -l'), '300')
      await guest.run('rm -r /mnt/many; umount /mnt')
      const unplugged = qmp.waitForEvent('DEVICE_DELETED', ({ data }) => data.device === 'd')
      await qmp.execute('device_del', { id: 'd' })
      await unplugged

      await qmp.execute('device_add', { driver: 'virtio-9p', id: 'e', fsdev: 'm', mount_tag: 'other' })
      await mount('other', '/mnt')
      assert.equal(await guest.run('md5sum </mnt/large'), sum)
      assert.match(await guest.run('rm /mnt/large 2>&1'), /Read-only/)
      await guest.run('umount /mnt')
    } finally {
      await rm(outside, { recursive: true })
    }
  })
})
