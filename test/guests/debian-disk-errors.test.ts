/** Disks that fail, as Linux sees them. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { missingProgram } from '../oracle/peers.ts'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const timeout = 120_000

describe('a disk that fails, seen from inside Linux', { skip: noDebianGuest }, () => {
  /** Lets the guest read and write a new image over the one that it has; its requests to the file go by rules. */
  const overlay = async (guest: DebianGuest, name: string, rules: object): Promise<void> => {
    const { qmp } = guest.vm
    const filename = join(guest.folder, `${name}.qcow2`)
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', filename, '64M'])
    const image = { driver: 'file', filename } as const
    const [drive] = await qmp.execute('query-block')
    const file = { driver: 'blkdebug', image, ...rules } as const
    await qmp.execute('blockdev-add', { driver: 'qcow2', 'node-name': name, file, backing: null })
    await qmp.execute('blockdev-snapshot', { node: drive!.inserted!['node-name']!, overlay: name })
  }

  it('a write that fails is an error of the program', { timeout, skip: missingProgram('qemu-img') }, async () => {
    await using guest = await DebianGuest.atPrompt()
    const failed = guest.vm.qmp.event('BLOCK_IO_ERROR')
    await overlay(guest, 'write', { 'inject-error': [{ event: 'write_aio', iotype: 'write', errno: 5 }] })
    const said = await guest.run('dd if=/dev/zero of=/dev/sda bs=4k count=1 conv=fsync 2>&1; echo status $?')
    assert.match(said, /Input\/output error[\s\S]*status 1/)
    const { device, operation, action, nospace, reason } = (await failed).data
    assert.deepEqual(
      [device, operation, action, nospace, reason],
      ['ide0-hd0', 'write', 'report', false, 'Input/output error'],
    )
    assert.match(await guest.run('dmesg | grep "I/O error"'), /I\/O error, dev sda, sector 0/)
    const [drive] = await guest.vm.qmp.execute('query-block')
    assert.equal(drive!['io-status'], 'ok')
  })

  it('stops while the host has no space left, and loses nothing', { timeout, skip: noSmallDisk() }, async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const small = join(guest.folder, 'small')
    mkdirSync(small)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2M', 'vmon-test', small])
    try {
      await guest.run('dd if=/dev/urandom of=/tmp/data bs=64k count=96 2>/dev/null')
      await qmp.execute('blockdev-snapshot-sync', {
        device: 'ide0-hd0',
        'snapshot-file': join(small, 'overlay.qcow2'),
        format: 'qcow2',
      })
      const failed = qmp.event('BLOCK_IO_ERROR')
      const stopped = qmp.event('STOP')
      guest.shell.type('dd if=/tmp/data of=/dev/sda bs=64k conv=fsync 2>/dev/null; echo written $?\n')
      const { operation, action, nospace, reason } = (await failed).data
      assert.deepEqual([operation, action, nospace, reason], ['write', 'stop', true, 'No space left on device'])
      await stopped
      assert.equal((await qmp.execute('query-status')).status, 'io-error')
      const [drive] = await qmp.execute('query-block')
      assert.equal(drive!['io-status'], 'nospace')
      await assert.rejects(guest.vm.machine.save(join(guest.folder, 'state')), /is to be tried again/)

      execFileSync('mount', ['-o', 'remount,size=32M', small])
      await qmp.execute('cont')
      assert.match(await guest.shell.prompt(), /written 0/)
      assert.equal((await qmp.execute('query-block'))[0]!['io-status'], 'ok')
      const sums = await guest.run(
        'echo 3 >/proc/sys/vm/drop_caches; md5sum </tmp/data; dd if=/dev/sda bs=64k count=96 2>/dev/null | md5sum',
      )
      const [given, there] = sums.trim().split(/\s*-?\r?\n/)
      assert.equal(there!.slice(0, 32), given!.slice(0, 32))
    } finally {
      await guest.vm.close()
      execFileSync('umount', [small])
    }
  })
})

/** Why there can be no file system that is soon full. */
function noSmallDisk(): string | false {
  const folder = mkdtempSync(join(tmpdir(), 'vmon-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2M', 'vmon-test', folder], { stdio: 'pipe' })
    execFileSync('umount', [folder])
    return false
  } catch (error) {
    return `a tmpfs cannot be mounted: ${String((error as { stderr?: unknown }).stderr ?? error).trim()}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}
