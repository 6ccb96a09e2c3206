/** A disk that Linux installs itself on, whose images are snapshotted while it does. QEMU's and ext2's own tools judge. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { qemuImg } from '../../src/block/formats/qcow2/image-fixture.ts'
import { missingFile, missingProgram } from '../oracle/peers.ts'
import { filesOf, writeArchiveCd } from './archive-cd.ts'
import { DebianGuest, diskBytes } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const e2fs = '/usr/local/lib/vmon-peers/e2fsprogs-686'
const cd = 'ide1-cd0'
const mebibyte = 2 ** 20
/** What is copied, half of it onto each file system. More by the environment: `VMON_COPY_MB=300`. */
const long = process.env['VMON_COPY_MB']
const filesOfEach = Math.floor(Number(long ?? 24) / 2)
const size = Math.max(diskBytes, Math.ceil(filesOfEach * 3) * mebibyte)

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex')
}

const skip =
  noDebianGuest || missingProgram('qemu-img', 'e2fsck', 'debugfs') || missingFile(join(e2fs, 'complete'), 'e2fsprogs')

describe('a disk that Linux installs itself on', { skip, timeout: 300_000 + filesOfEach * 10_000 }, () => {
  it('goes into three overlays while ext2 and ext4 are written, and has every file for the next machine', async (t) => {
    await using guest = await DebianGuest.atPrompt({}, { size })
    const { folder, shell, vm } = guest
    const insert = (filename: string) =>
      vm.qmp.execute('blockdev-change-medium', { device: cd, filename, format: 'raw' })

    const [tools, payload] = [join(folder, 'tools.iso'), join(folder, 'payload.iso')]
    await writeArchiveCd(tools, await filesOf(e2fs))
    const files: Record<string, Uint8Array> = {}
    for (let number = 0; number < filesOfEach; number++) files[`file${number}`] = randomBytes(mebibyte - 100 * number)
    const sums = Object.entries(files).map(([name, bytes]) => `${md5(bytes)}  ${name}\n`)
    await writeArchiveCd(payload, { sums: Buffer.from(sums.join('')), ...files })

    // Two partitions, each with a file system. Little may wait in memory, so that the disk is written all the time.
    const half = size / mebibyte / 2
    await guest.run('echo 1000000 >/proc/sys/vm/dirty_bytes; mkdir /tmp/tools /mnt/one /mnt/two')
    await guest.run(
      `printf 'n\\np\\n1\\n\\n+${half - 1}M\\nn\\np\\n2\\n\\n\\nw\\n' | fdisk -u /dev/sda >/dev/null 2>&1`,
    )
    assert.match(await guest.run('cat /proc/partitions'), /sda1[\s\S]*sda2/)
    await insert(tools)
    await guest.run('until cd /tmp/tools && cpio -id </dev/sr0 2>/dev/null && [ -s mke2fs ]; do :; done; cd /')
    assert.match(
      await guest.run('mke2fs -m 0 /dev/sda1 >/dev/null && mount -t ext2 /dev/sda1 /mnt/one && echo made'),
      /^made/m,
    )
    assert.match(
      await guest.run(
        'cd /tmp/tools; ./ld-linux.so.2 --library-path . ./mke2fs -q -F -m 0 -t ext4 /dev/sda2 &&' +
          ' mount -t ext4 /dev/sda2 /mnt/two && echo made; cd /',
      ),
      /^made/m,
    )
    await insert(payload)
    await guest.run('until head -c 6 /dev/sr0 >/dev/null 2>&1; do :; done') // the first read after a change may fail

    // The disk moves on into one overlay after the other, while files are written.
    const overlays = ['base', 'mid', 'top'].map((name) => join(folder, `${name}.qcow2`))
    const snapshotBehind = async (overlay: string, file: number): Promise<void> => {
      await shell.until(new RegExp(`^file${file}\\r?$`, 'm'))
      await vm.qmp.execute('blockdev-snapshot-sync', { device: 'ide0-hd0', 'snapshot-file': overlay, format: 'qcow2' })
    }
    shell.type('cd /mnt/one; cpio -idv </dev/sr0; sync; echo copied $?\n')
    await snapshotBehind(overlays[0]!, Math.floor(filesOfEach / 2))
    assert.match(await shell.until(/^copied \d/m), /copied 0/)
    await shell.prompt()
    shell.type('cd /mnt/two; cpio -idv </dev/sr0; sync; echo copied $?\n')
    await snapshotBehind(overlays[1]!, Math.floor(filesOfEach / 4))
    await snapshotBehind(overlays[2]!, Math.floor(filesOfEach / 2))
    assert.match(await shell.until(/^copied \d/m), /copied 0/)
    await shell.prompt()
    assert.equal(await guest.run('cd /; umount /mnt/one /mnt/two; dmesg | grep -iE "ata[0-9.]+: |EXT4-fs error"'), '')
    shell.close()
    await vm.close()

    // Another machine, which has never seen that disk, finds everything through the chain; the long run boots it, too.
    await using again = await DebianGuest.atPrompt({ hda: overlays[2]! }, { size })
    if (long !== undefined) {
      again.shell.type('reboot -f\n')
      await again.shell.prompt()
    }
    await again.run('blockdev --rereadpt /dev/sda; mkdir /mnt/one /mnt/two')
    await again.run('mount -t ext2 /dev/sda1 /mnt/one; mount -t ext4 /dev/sda2 /mnt/two')
    const ok = 'md5sum -c sums | grep -c OK'
    const readBack = await again.run(`cd /mnt/one && ${ok}; cd /mnt/two && ${ok}; cd /; umount /mnt/one /mnt/two`)
    assert.deepEqual(readBack.trim().split(/\s+/), [`${filesOfEach}`, `${filesOfEach}`])
    const places = (await again.run('cat /sys/block/sda/sda1/start /sys/block/sda/sda2/start')).trim().split(/\s+/)
    again.shell.close()
    await again.vm.close()

    // What QEMU's tools and ext2's own say of the images, and what is in them.
    for (const overlay of overlays) {
      const { code, out } = await qemuImg('check', '-f', 'qcow2', overlay)
      assert.equal(code, 0, out)
      const info = JSON.parse((await qemuImg('info', '--output=json', overlay)).out) as { 'actual-size': number }
      t.diagnostic(`${overlay.replace(/.*\//, '')}: ${info['actual-size'] / mebibyte} MiB, ${out.split('\n')[0]}`)
      assert.ok(info['actual-size'] > mebibyte, `${overlay} was written to`)
    }
    for (const [index, start] of places.entries()) {
      const [partition, found] = [join(folder, `part${index}`), join(folder, 'found')]
      const source = {
        driver: 'raw',
        offset: Number(start) * 512,
        file: { driver: 'qcow2', file: { driver: 'file', filename: overlays[2] } },
      }
      const { code, out } = await qemuImg('convert', '-O', 'raw', `json:${JSON.stringify(source)}`, partition)
      assert.equal(code, 0, out)
      execFileSync('e2fsck', ['-fn', partition], { stdio: 'pipe' })
      for (const [name, bytes] of Object.entries(files)) {
        execFileSync('debugfs', ['-R', `dump ${name} ${found}`, partition], { stdio: 'pipe' })
        assert.ok(Buffer.from(bytes).equals(await readFile(found)), `${name} of partition ${index + 1}`)
      }
    }
  })
})
