/** Media that come and go, as Linux finds them. QEMU's machine, asked the same by hand, gave the same answers. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { missingFile } from '../oracle/peers.ts'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'
import { isoImage } from './iso-image.ts'

const grub = '/usr/lib/grub-rescue/grub-rescue-cdrom.iso'
const cd = 'ide1-cd0'
const floppy = 'floppy0'
const hello = 'hello from a CD\n'
const locked = `Device '${cd}' is locked and force was not specified, wait for tray to open and try again`
const noMedium = "dd: can't open '/dev/sr0': No medium found"
/** Reads the sector where the file of the CD is. */
const readHello = 'dd if=/dev/sr0 bs=2048 skip=21 count=1 2>/dev/null | head -n 1'

async function writeIso({ folder }: DebianGuest): Promise<string> {
  const path = join(folder, 'hello.iso')
  await writeFile(path, isoImage('HELLO', { 'HELLO.TXT': hello, 'OTHER.TXT': 'x'.repeat(1999) }))
  return path
}

/** The way of the tray, as events have told it until now. */
function trayOf({ vm }: DebianGuest): () => Promise<string[]> {
  const moves: string[] = []
  const events = vm.qmp.events({ names: ['DEVICE_TRAY_MOVED'] })
  void (async () => {
    for await (const { data } of events) {
      const { device, 'tray-open': open } = data as { device: string; 'tray-open': boolean }
      moves.push(`${device} ${open ? 'open' : 'closed'}`)
    }
  })()
  return async () => {
    await vm.qmp.execute('query-status') // behind all that has been told
    await new Promise((resolve) => setImmediate(resolve))
    return moves.splice(0)
  }
}

const openAndClosed = [`${cd} open`, `${cd} closed`]

describe('Linux', { skip: noDebianGuest || missingFile(grub, 'grub-rescue-pc'), timeout: 300_000 }, () => {
  it('mounts one CD after the other, and an empty drive not at all', async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const tray = trayOf(guest)
    const iso = await writeIso(guest)
    assert.equal(await guest.run('dd if=/dev/sr0 count=1'), noMedium)
    await qmp.execute('blockdev-change-medium', { device: cd, filename: grub })
    assert.deepEqual(await tray(), openAndClosed)
    assert.match(await guest.run('mount -t iso9660 /dev/sr0 /mnt; ls -1 /mnt/boot/grub; umount /mnt'), /^grub\.cfg$/m)
    await qmp.execute('change', { device: cd, target: iso })
    assert.deepEqual(await tray(), openAndClosed)
    assert.equal(
      await guest.run('mount -t iso9660 /dev/sr0 /mnt; cat /mnt/hello.txt; ls -1 /mnt'),
      `${hello}hello.txt\nother.txt`,
    )
    assert.equal(await guest.run('cat /sys/block/sr0/size'), '92')
    await assert.rejects(qmp.execute('eject', { device: cd }), { message: locked })
    await guest.run('umount /mnt')
    await qmp.execute('eject', { device: cd })
    assert.deepEqual(await tray(), [`${cd} open`])
    assert.equal(await guest.run('dd if=/dev/sr0 count=1'), noMedium)
    assert.deepEqual(await tray(), [`${cd} closed`], 'Linux closes the tray to look what is in it')
  })

  it('keeps a CD that it has locked until it is taken by force', async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const tray = trayOf(guest)
    const drive = async () => (await qmp.execute('query-block')).find(({ device }) => device === cd)!
    await qmp.execute('blockdev-change-medium', { device: cd, filename: await writeIso(guest) })
    await guest.run('helper cdrom lock /dev/sr0')
    assert.equal((await drive()).locked, true)
    await assert.rejects(qmp.execute('eject', { device: cd }), { message: locked })
    assert.deepEqual(await tray(), openAndClosed)
    await qmp.execute('eject', { device: cd, force: true })
    assert.deepEqual(await tray(), [`${cd} open`])
    const { locked: stillLocked, inserted, tray_open: open } = await drive()
    assert.deepEqual([stillLocked, inserted, open], [false, undefined, true])
    assert.equal(await guest.run('dd if=/dev/sr0 count=1'), noMedium)
  })

  it('opens and closes the tray itself, and reads the same CD behind it', async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const tray = trayOf(guest)
    await qmp.execute('blockdev-change-medium', { device: cd, filename: await writeIso(guest) })
    await guest.run(readHello) // the first time after a change Linux may fail, as it does on QEMU
    await tray()
    await guest.run('helper cdrom eject /dev/sr0')
    assert.deepEqual(await tray(), [`${cd} open`])
    assert.equal(await guest.run(readHello), hello.trim())
    assert.deepEqual(await tray(), [`${cd} closed`])
    await guest.run('helper cdrom eject /dev/sr0; helper cdrom close /dev/sr0')
    assert.deepEqual(await tray(), openAndClosed)
    assert.equal(await guest.run(readHello), hello.trim())
  })

  it('reads and writes a floppy that is put in, and the next one, and sees when there is none', async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const tray = trayOf(guest)
    const [one, other] = ['one', 'other'].map((name) => join(guest.folder, name))
    for (const path of [one!, other!]) {
      const bytes = Buffer.alloc(1474560)
      bytes.write(`${path}\n`)
      bytes.write(`${path}\n`, bytes.length - 512)
      await writeFile(path, bytes)
    }
    // Linux fails the first reads after a change, as it does on QEMU.
    const begin = 'until dd if=/dev/fd0 of=/tmp/begin bs=512 count=1 2>/dev/null; do :; done; head -n 1 /tmp/begin'
    const empty = "dd: can't open '/dev/fd0': No such device or address"
    assert.equal(await guest.run('dd if=/dev/fd0 count=1'), empty)
    const insert = (filename: string, more = {}) =>
      qmp.execute('blockdev-change-medium', { device: floppy, filename, format: 'raw', ...more })
    await insert(one!)
    assert.equal(await guest.run(begin), one)
    assert.equal(await guest.run('dd if=/dev/fd0 bs=512 skip=2879 2>/dev/null | head -n 1'), one)
    await guest.run('echo written | dd of=/dev/fd0 bs=512 seek=5 conv=sync,fsync 2>/dev/null')
    assert.equal((await readFile(one!)).toString('latin1', 2560, 2567), 'written')
    await insert(other!)
    assert.equal(await guest.run(begin), other)
    await qmp.execute('eject', { device: floppy })
    assert.match(await guest.run('dd if=/dev/fd0 count=1'), /Input\/output error/)
    assert.equal(await guest.run('dd if=/dev/fd0 count=1'), empty)
    await insert(one!, { 'read-only-mode': 'read-only' })
    assert.equal(await guest.run(begin), one)
    assert.match(await guest.run('dd if=/dev/zero of=/dev/fd0 count=1'), /Read-only file system/)
    assert.deepEqual(await tray(), [], 'a floppy drive has no tray')
    assert.doesNotMatch(await guest.run('dmesg'), /floppy timeout/)
  })
})
