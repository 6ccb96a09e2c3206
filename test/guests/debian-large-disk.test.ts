/** Disks that are large, or want nothing back, as Linux sees them. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { missingProgram } from '../oracle/peers.ts'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const timeout = 300_000
const tebibyte = 2 ** 40

describe('Linux', { skip: noDebianGuest || missingProgram('qemu-img') }, () => {
  it('reads and writes the last sector of a disk of 3 TiB', { timeout }, async () => {
    const size = 3 * tebibyte
    await using guest = await DebianGuest.atPrompt({}, { size })
    await using file = await open(guest.disk, 'r+')
    await file.write(Buffer.from('the last sector'), 0, 15, size - 512)
    const sectors = size / 512
    assert.equal((await guest.run('cat /sys/block/sda/size')).trim(), `${sectors}`)
    const last = `bs=512 count=1 iflag=direct skip=${sectors - 1}`
    assert.match(await guest.run(`dd if=/dev/sda ${last} 2>/dev/null | head -c 15; echo`), /the last sector/)
    await guest.run(`echo written | dd of=/dev/sda bs=512 seek=${sectors - 2} conv=sync,fsync,notrunc 2>/dev/null`)
    const written = await file.read(Buffer.alloc(7), 0, 7, size - 1024)
    assert.equal(written.buffer.toString(), 'written')
    assert.doesNotMatch(await guest.run('dmesg | grep -E "I/O error|ata1.*(error|exception)"; true'), /error/)
  })

  it('gives back what it needs no more: clusters of a qcow2 image are free then', { timeout }, async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const overlay = join(guest.folder, 'overlay.qcow2')
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', overlay, '64M'])
    const [drive] = await qmp.execute('query-block')
    await qmp.execute('blockdev-add', {
      ...{ driver: 'qcow2', 'node-name': 'overlay', discard: 'unmap', backing: null },
      file: { driver: 'file', filename: overlay, discard: 'unmap' },
    })
    await qmp.execute('blockdev-snapshot', { node: drive!.inserted!['node-name']!, overlay: 'overlay' })
    const allocated = (): number => {
      const map = JSON.parse(String(execFileSync('qemu-img', ['map', '-U', '--output=json', overlay]))) as {
        readonly length: number
        readonly data: boolean
      }[]
      return map.reduce((sum, { length, data }) => sum + (data ? length : 0), 0)
    }
    await guest.run('dd if=/dev/urandom of=/dev/sda bs=64k count=64 conv=fsync 2>/dev/null')
    assert.equal(allocated(), 4 << 20)
    assert.match(await guest.run('cat /sys/block/sda/queue/discard_max_bytes'), /^[1-9]/)
    await guest.run('helper discard /dev/sda 1048576 2097152')
    await guest.run('dd if=/dev/zero of=/dev/sda bs=512 count=1 conv=fsync,notrunc 2>/dev/null')
    assert.equal(allocated(), 2 << 20)
    const [{ stats } = { stats: undefined }] = await qmp.execute('query-blockstats')
    assert.deepEqual([stats!.unmap_bytes, stats!.failed_unmap_operations], [2 << 20, 0])
    await guest.vm.close()
    assert.match(String(execFileSync('qemu-img', ['check', overlay])), /No errors/)
  })
})
