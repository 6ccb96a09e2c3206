/** The Linux that tests look out of, and boards that are saved while it works. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const continueGuest = fileURLToPath(new URL('./continue-guest.js', import.meta.url))
/** How often the guest is carried from process to process; fifty take two minutes. */
const journeys = Number(process.env['VMON_JOURNEYS'] ?? 4)

describe('the Debian guest', { skip: noDebianGuest, timeout: 300_000 }, () => {
  it('is at its prompt with drives, input devices and its helper', async () => {
    await using guest = await DebianGuest.atPrompt()
    assert.match(await guest.run('cat /proc/partitions'), /65536 sda\s[\s\S]* sr0/)
    assert.match(await guest.run('cat /proc/bus/input/devices'), /Name="Power Button"[\s\S]*Name="/)
    assert.match(await guest.run('helper in8 0x64'), /^0x[0-9a-f]+$/m)
    // Of its 128 MiB all but what the firmware keeps for its tables.
    const [, end] = /0x0000000000100000-0x0*([0-9a-f]+)\] usable/.exec(await guest.run('grep e820: /tmp/boot')) ?? []
    assert.ok(Number.parseInt(end!, 16) >= (128 << 20) - 0x28000, `RAM ends at ${end}`)
    // It is the machine that the tables tell of, and has the firmware configuration device.
    const said = await guest.run('cd /sys/class/dmi/id; cat sys_vendor product_name product_version; cd /')
    assert.deepEqual(said.split(/\s*\n/), ['QEMU', 'Standard PC (i440FX + PIIX, 1996)', 'pc-i440fx-7.2'])
    assert.equal((await guest.run('cat /sys/bus/acpi/devices/QEMU0002:00/status')).trim(), '11')
    const modules = await guest.run('cut -d" " -f1 /proc/modules')
    for (const name of ['ata_piix', 'sd_mod', 'sr_mod', 'floppy', 'button', 'evdev', 'psmouse', 'msr', 'ext4', '9p'])
      assert.match(modules, new RegExp(`^${name}\\r?$`, 'm'))
  })

  it('goes on in process after process, and finds memory and disk as it left them', async () => {
    await using guest = await DebianGuest.atPrompt()
    await guest.run('helper churn 4096 77 >/tmp/memory &')
    await guest.run('helper hold 64 5 >/tmp/held & dd if=/bin/busybox of=/tmp/piece bs=64k count=4 2>/dev/null')
    await guest.run(
      'while :; do for at in 1 2 3 4 5 6 7; do' +
        ' dd if=/tmp/piece of=/dev/sda bs=64k seek=$((at * 10)) conv=notrunc,fsync 2>/dev/null;' +
        ' echo 3 >/proc/sys/vm/drop_caches;' +
        ' dd if=/dev/sda bs=64k skip=$((at * 10)) count=4 2>/dev/null | cmp - /tmp/piece && echo same; done; done >/tmp/disk 2>&1 &',
    )
    await guest.shell.run('while [ $(grep -c same /tmp/disk) -lt 2 ]; do usleep 50000; done')
    const [state, disk] = [join(guest.folder, 'state'), join(guest.folder, 'copy.img')]
    await guest.vm.qmp.execute('stop')
    await guest.vm.machine.save(state)
    await copyFile(guest.disk, disk)
    let [rounds, comparisons] = [0, 0]
    for (let journey = 0; journey < journeys; journey++) {
      const { stdout } = await promisify(execFile)(process.execPath, [continueGuest, state, disk])
      const found = JSON.parse(stdout) as { memory: string; disk: string }
      assert.match(found.memory, /^round \d+$/, `journey ${journey}`)
      assert.equal(found.disk.replace(/^(same\s*)+/, ''), '', `journey ${journey}: ${found.disk.slice(-200)}`)
      const [newRounds, newComparisons] = [Number(found.memory.slice(6)), found.disk.split('same').length - 1]
      assert.ok(newRounds > rounds && newComparisons > comparisons, `journey ${journey}: it goes on`)
      rounds = newRounds
      comparisons = newComparisons
    }
  })
})
