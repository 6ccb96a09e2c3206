/** Disks that fail, as Linux sees them. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { missingProgram } from '../oracle/peers.ts'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const timeout = 300_000
const skip = missingProgram('qemu-img')
const dropCaches = 'echo 3 >/proc/sys/vm/drop_caches'

/** A disk with a sector that cannot be read or written, always or once. */
const badSector = (iotype: 'read' | 'write', sector: number, once: 'on' | 'off' = 'off') => ({
  'file.inject-error.0.event': 'none',
  'file.inject-error.0.iotype': iotype,
  'file.inject-error.0.sector': `${sector}`,
  'file.inject-error.0.once': once,
})

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

  it('a write that fails is an error of the program', { timeout, skip }, async () => {
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

  it('a read that fails is an error of the program, and what is beside it can be read', { timeout, skip }, async () => {
    await using guest = await DebianGuest.atPrompt({}, { faulty: badSector('read', 8) })
    await guest.run('yes | dd of=/dev/sda bs=4k count=4 iflag=fullblock conv=fsync 2>/dev/null')
    const failed = guest.vm.qmp.event('BLOCK_IO_ERROR')
    const said = await guest.run(`${dropCaches}; dd if=/dev/sda of=/dev/null bs=4k skip=1 count=1 2>&1; echo status $?`)
    assert.match(said, /Input\/output error[\s\S]*status 1/)
    const { device, operation, action } = (await failed).data
    assert.deepEqual([device, operation, action], ['ide0-hd0', 'read', 'report'])
    assert.match(await guest.run('dmesg | grep "I/O error"'), /I\/O error, dev sda, sector 8/)
    assert.match(await guest.run('dd if=/dev/sda of=/dev/null bs=64k skip=9 count=1 2>/dev/null; echo $?'), /^0/)
    assert.equal((await guest.vm.qmp.execute('query-status')).status, 'running')
  })

  it('a read that stops the machine is made again when it goes on, and nobody inside knows', {
    timeout,
    skip,
  }, async () => {
    await using guest = await DebianGuest.atPrompt({}, { faulty: { ...badSector('read', 8, 'on'), rerror: 'stop' } })
    const { qmp } = guest.vm
    await guest.run('dd if=/dev/urandom of=/tmp/data bs=64k count=4; dd if=/tmp/data of=/dev/sda bs=64k conv=fsync')
    const [failed, stopped] = [qmp.event('BLOCK_IO_ERROR'), qmp.event('STOP')]
    guest.shell.type(`${dropCaches}; dd if=/dev/sda bs=64k count=4 2>/dev/null | cmp - /tmp/data; echo compared $?\n`)
    const { operation, action, nospace } = (await failed).data
    assert.deepEqual([operation, action, nospace], ['read', 'stop', false])
    await stopped
    assert.equal((await qmp.execute('query-status')).status, 'io-error')
    assert.equal((await qmp.execute('query-block'))[0]!['io-status'], 'failed')
    await qmp.execute('cont')
    assert.match(await guest.shell.prompt(), /compared 0/)
    assert.equal((await qmp.execute('query-block'))[0]!['io-status'], 'ok')
    assert.equal(await guest.run('dmesg | grep -E "I/O error|ata[0-9.]+: "'), '')
  })

  for (const way of ['quit', 'system_reset'] as const) {
    it(`${way} ends a write that waits for the machine to go on; what was flushed stays`, {
      timeout,
      skip,
    }, async () => {
      await using guest = await DebianGuest.atPrompt({}, { faulty: { ...badSector('write', 1024), werror: 'stop' } })
      const { qmp } = guest.vm
      await guest.run(`yes flushed | dd of=/dev/sda bs=64k count=2 iflag=fullblock conv=fsync 2>/dev/null`)
      const stopped = qmp.event('STOP')
      guest.shell.type('yes parked | dd of=/dev/sda bs=64k seek=8 count=1 iflag=fullblock conv=fsync 2>/dev/null\n')
      await stopped
      assert.equal((await qmp.execute('query-status')).status, 'io-error')
      if (way === 'system_reset') {
        await qmp.execute(way)
        assert.equal((await qmp.execute('query-status')).status, 'prelaunch')
        guest.shell.type('')
        await qmp.execute('cont')
        await guest.shell.until(/Linux version/)
      }
      await qmp.execute('quit')
      await guest.vm.close()
      const bytes = readFileSync(guest.disk)
      assert.ok(bytes.subarray(0, 131072).equals(Buffer.alloc(131072, 'flushed\n')))
      assert.equal(bytes.includes('parked'), false)
    })
  }

  for (const [device, path, sector] of [
    ['ide1-cd0', '/dev/sr0', 256],
    ['floppy0', '/dev/fd0', 1024],
  ] as const) {
    it(`a bad place of the medium in ${device} is an error there, and nowhere else`, { timeout, skip }, async () => {
      await using guest = await DebianGuest.atPrompt()
      const { qmp } = guest.vm
      const floppy = device === 'floppy0'
      const filename = join(guest.folder, 'medium')
      writeFileSync(filename, Buffer.alloc(1474560, 'readable\n'))
      const file = {
        driver: 'blkdebug',
        image: { driver: 'file', filename },
        'inject-error': [{ event: 'none', iotype: 'read', sector, errno: 5, once: false }],
      } as const
      await qmp.execute('blockdev-add', { driver: 'raw', 'node-name': 'bad', 'read-only': true, file })
      const id = (await qmp.execute('query-block')).find((drive) => drive.device === device)!.qdev!
      await qmp.execute('blockdev-open-tray', { id })
      await qmp.execute('blockdev-insert-medium', { id, 'node-name': 'bad' })
      await qmp.execute('blockdev-close-tray', { id })
      await guest.run(`until head -c 6 ${path} >/dev/null 2>&1; do :; done`) // the first read after a change may fail
      const failed = floppy ? undefined : qmp.event('BLOCK_IO_ERROR') // a floppy drive tells its guest alone
      const read = (skipped: number) =>
        `dd if=${path} bs=2048 count=1 skip=${skipped} iflag=direct 2>&1; echo status $?`
      assert.match(await guest.run(read(sector / 4)), /Input\/output error[\s\S]*status 1/)
      if (failed !== undefined) assert.equal((await failed).data.action, 'report')
      assert.match(await guest.run(`dmesg | grep "I/O error"`), new RegExp(`dev ${path.slice(5)}, sector ${sector}`))
      assert.match(await guest.run(read(sector / 4 + 64)), /readable[\s\S]*status 0/)
    })
  }

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
