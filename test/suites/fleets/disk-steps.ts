import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { LibvirtDaemon } from './libvirt-daemon.ts'
import type { Inside, Step } from './typical.ts'

const run = promisify(execFile)
const sectorBytes = 512

/** What is done to the disk of a domain whose guest writes to it meanwhile; `qemu-io` tells which image has what. */
export function diskSteps(domain: string, folder: string, guest: Inside): readonly Step[] {
  const file = (name: string): string => join(folder, name)
  /** Fills a sector with a letter. */
  const write = async (daemon: LibvirtDaemon, sector: number, letter: string): Promise<void> => {
    const letters = `head -c ${sectorBytes} /dev/zero | tr '\\0' ${letter}`
    await guest.run(daemon, `${letters} | dd of=/dev/vda bs=${sectorBytes} seek=${sector} conv=fsync 2>/dev/null`)
  }
  const read = async (daemon: LibvirtDaemon, sector: number): Promise<string> => {
    await guest.run(daemon, 'echo 3 >/proc/sys/vm/drop_caches')
    return guest.run(daemon, `dd if=/dev/vda bs=${sectorBytes} skip=${sector} count=1 2>/dev/null | head -c 1`)
  }
  const virsh = async (daemon: LibvirtDaemon, ...words: readonly string[]): Promise<string> => {
    const [verb, ...rest] = words as [string, ...string[]]
    const { ok, text } = await daemon.virsh(verb, domain, ...rest)
    assert.ok(ok, text)
    return text
  }
  const above = (daemon: LibvirtDaemon, name: string) =>
    virsh(
      daemon,
      ...['snapshot-create-as', '--disk-only', '--no-metadata'],
      ...['--diskspec', `vda,file=${file(name)}`, '--diskspec', 'hdc,snapshot=no'],
    )
  return [
    [
      'blkdeviotune: the drive has its limit',
      async (daemon) => {
        await virsh(daemon, 'blkdeviotune', 'vda', '--total-iops-sec', '5000')
        const drives = await virsh(daemon, 'qemu-monitor-command', '{"execute":"query-block"}')
        assert.match(drives, /"iops": ?5000\b/)
        await virsh(daemon, 'blkdeviotune', 'vda', '--total-iops-sec', '0')
      },
    ],
    [
      'domblkstat: it counts what the guest writes',
      async (daemon) => {
        const written = async (): Promise<number> =>
          Number(/wr_bytes (\d+)/.exec(await virsh(daemon, 'domblkstat', 'vda'))?.[1])
        const before = await written()
        await write(daemon, 100, 'a')
        assert.ok((await written()) >= before + sectorBytes)
      },
    ],
    [
      'snapshot-create-as --disk-only, blockcommit --active --pivot: the image below gets what was written above it',
      async (daemon) => {
        const below = file('typical.qcow2')
        await above(daemon, 'typical-over.qcow2')
        await write(daemon, 200, 'b')
        assert.ok(await holds(file('typical-over.qcow2'), 200, 'b'))
        assert.ok(!(await holds(below, 200, 'b')), 'the image below is as it was')
        assert.match(await virsh(daemon, 'blockcommit', 'vda', '--active', '--pivot', '--wait'), /pivoted/)
        assert.ok(await holds(below, 200, 'b'))
        await write(daemon, 201, 'c')
        assert.ok(await holds(below, 201, 'c'), 'the guest writes below again')
        assert.equal(await read(daemon, 200), 'b')
      },
    ],
    [
      'blockcopy --pivot: the guest goes on in the copy',
      async (daemon) => {
        const copy = file('typical-copy.qcow2')
        const words = ['vda', copy, '--pivot', '--wait', '--transient-job', '--format', 'qcow2']
        assert.match(await virsh(daemon, 'blockcopy', ...words), /pivoted/)
        await write(daemon, 300, 'd')
        for (const [sector, letter] of [
          [200, 'b'],
          [201, 'c'],
          [300, 'd'],
        ] as const)
          assert.ok(await holds(copy, sector, letter), `${sector}`)
        assert.ok(!(await holds(file('typical.qcow2'), 300, 'd')), 'the original is as it was')
      },
    ],
    [
      'blockpull: the image above has all, and needs nothing below it',
      async (daemon) => {
        const top = file('typical-above.qcow2')
        await above(daemon, 'typical-above.qcow2')
        await write(daemon, 400, 'e')
        await virsh(daemon, 'blockpull', 'vda', '--wait')
        await write(daemon, 401, 'f') // which flushes what is held back of the image
        const { stdout } = await run('qemu-img', ['info', '-U', '--output=json', top])
        assert.equal((JSON.parse(stdout) as { 'backing-filename'?: string })['backing-filename'], undefined)
        for (const [sector, letter] of [
          [200, 'b'],
          [300, 'd'],
          [400, 'e'],
        ] as const)
          assert.ok(await holds(top, sector, letter), `${sector}`)
        assert.equal(await read(daemon, 400), 'e')
      },
    ],
  ]
}

/** Whether a sector of an image, and of those below it, is full of a letter. */
async function holds(image: string, sector: number, letter: string): Promise<boolean> {
  const command = `read -P ${letter.charCodeAt(0)} ${sector * sectorBytes} ${sectorBytes}`
  const { stdout } = await run('qemu-io', ['-U', '-r', '-f', 'qcow2', '-c', command, image]).catch(
    (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  )
  return stdout.includes(`read ${sectorBytes}/${sectorBytes}`) && !stdout.includes('Pattern verification failed')
}
