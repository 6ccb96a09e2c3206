/** A virtio disk beside our own IDE disk, in the same Linux: runs alternate, so that neither has the better moments. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startMachine } from '../../src/index.ts'
import { debianOptions } from '../guests/debian-guest.ts'
import { SerialShell } from '../guests/serial-shell.ts'
import { atLeast, median, printRows, type Row } from './report.ts'

const rounds = 5
const diskBytes = 64 << 20
const disks = ['sda', 'vda'] as const

/** What dd does with a disk, and how many bytes that is. */
const jobs = [
  { name: 'dd from the disk, in Linux', dd: 'if=DISK of=/dev/null bs=1M count=48', bytes: 48 << 20 },
  { name: '... around the page cache', dd: 'if=DISK of=/dev/null bs=1M count=48 iflag=direct', bytes: 48 << 20 },
  { name: '... 4 KiB at a time', dd: 'if=DISK of=/dev/null bs=4k count=2048 iflag=direct', bytes: 8 << 20 },
  { name: 'dd to the disk, flushed', dd: 'if=/dev/zero of=DISK bs=1M count=48 conv=fsync', bytes: 48 << 20 },
  { name: '... around the page cache', dd: 'if=/dev/zero of=DISK bs=1M count=48 oflag=direct', bytes: 48 << 20 },
] as const

export async function benchVirtioDisk(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-bench-'))
  try {
    const [hda, file, serial] = [join(folder, 'ide'), join(folder, 'virtio'), join(folder, 'serial')]
    for (const image of [hda, file]) await writeFile(image, Buffer.alloc(diskBytes, 7))
    const own = await debianOptions({ disk: hda, serial })
    await using vm = await startMachine({ ...own, drives: [{ file, format: 'raw', if: 'virtio' }] })
    void vm
    const shell = await SerialShell.connect(serial)
    await shell.prompt()
    const rows: Row[] = []
    for (const { name, dd, bytes } of jobs) {
      const times: Record<(typeof disks)[number], number[]> = { sda: [], vda: [] }
      for (let round = 0; round <= rounds; round++)
        for (const disk of disks) {
          await shell.run('echo 3 >/proc/sys/vm/drop_caches')
          const begin = performance.now()
          await shell.run(`dd ${dd.replace('DISK', `/dev/${disk}`)} 2>/dev/null`)
          if (round > 0) times[disk].push(performance.now() - begin) // the first translates the guest's code
        }
      const rate = (disk: (typeof disks)[number]): number => bytes / 1000 / median(times[disk])
      rows.push({ name, unit: 'MB/s', ours: rate('vda'), peer: rate('sda'), target: atLeast(2) })
    }
    shell.close()
    printRows('A virtio disk', 'our IDE disk', rows)
  } finally {
    await rm(folder, { recursive: true })
  }
}
