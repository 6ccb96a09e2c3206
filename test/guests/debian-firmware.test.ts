/** What the firmware and the display tell Linux: the values that it sees on QEMU. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const uuid = '01234567-89ab-cdef-0123-456789abcdef'

describe('Linux', { skip: noDebianGuest, timeout: 300_000 }, () => {
  it('finds its name, its firmware configuration device, tables of ours, and the size that the display prefers', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vmon-acpi-'))
    after(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'one'), 'contents, ')
    await writeFile(join(folder, 'two'), 'in two files')
    await using guest = await DebianGuest.atPrompt({
      acpiTables: [
        `sig=OEM1,rev=3,oem_id=vmon,oem_rev=0x1234,data=${folder}/one:${folder}/two`,
        `sig=OEM2,asl_compiler_rev=7,data=${folder}/two`,
      ],
      uuid,
      fwCfg: ['name=opt/org.vmon/greeting,string=good morning'],
      smbios: ['type=1,serial=4711'],
    })
    const read = async (path: string): Promise<string> => (await guest.run(`cat ${path}; echo`)).trim()
    await guest.run('for module in $(cat /modules/later); do insmod /modules/$module; done')

    for (const [file, value] of [
      ['sys_vendor', 'QEMU'],
      ['product_name', 'Standard PC (i440FX + PIIX, 1996)'],
      ['product_version', 'pc-i440fx-7.2'],
      ['product_serial', '4711'],
      ['product_uuid', uuid],
      ['chassis_vendor', 'QEMU'],
    ]) {
      assert.equal(await read(`/sys/class/dmi/id/${file}`), value, file)
    }
    assert.equal(await read('/sys/firmware/qemu_fw_cfg/rev'), '3')
    assert.equal(await read('/sys/firmware/qemu_fw_cfg/by_name/opt/org.vmon/greeting/raw'), 'good morning')

    const table = async (name: string): Promise<string> =>
      Buffer.from((await guest.run(`xxd -p /sys/firmware/acpi/tables/${name}`)).replace(/\s/g, ''), 'hex').toString(
        'latin1',
      )
    // As QEMU's `-acpitable` makes them, checksums with them.
    assert.equal(
      await table('OEM1'),
      'OEM1\x3a\0\0\0\x03\xc4vmon\0\0QEMUQEMU\x34\x12\0\0QEMU\x01\0\0\0contents, in two files',
    )
    assert.match(await table('OEM2'), /^OEM2.*QEMU\x07\0\0\0in two files$/s)

    assert.equal(await read('/sys/class/drm/card0-*/modes | head -n 1'), '1280x800')
    assert.equal(await read('/sys/class/graphics/fb0/virtual_size'), '1280,800')
    const filename = join(guest.folder, 'picture')
    await guest.vm.qmp.execute('screendump', { filename })
    assert.match((await readFile(filename)).toString('latin1', 0, 20), /^P6\n1280 800\n255\n/)
  })
})
