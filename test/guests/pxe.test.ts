import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startMachine } from '../../src/index.ts'

/** Of the package ipxe-qemu. */
const skip = existsSync('/usr/lib/ipxe/qemu/efi-e1000.rom') ? false : 'there are no boot loaders of iPXE'
const folder = mkdtempSync(join(tmpdir(), 'vmon-pxe-'))
after(() => rmSync(folder, { recursive: true }))

/** A program that says a word at COM1, and stands still: `mov dx, 3f8h`, for each letter `mov al, letter; out dx, al`. */
function program(word: string): Buffer {
  const letters = [...Buffer.from(word)].flatMap((letter) => [0xb0, letter, 0xee])
  // Blocks of several sizes, and the last one is not full.
  return Buffer.concat([Buffer.of(0xba, 0xf8, 0x03, ...letters, 0xf4, 0xeb, 0xfd), Buffer.alloc(5001, 0x90)])
}

for (const [card, nic, more] of [
  ['an e1000', 'user', {}],
  ['an ne2k_pci', 'user,model=ne2k_pci', {}],
  ['an rtl8139', 'user,model=rtl8139', {}],
  [
    'a virtio card without a place for its ROM',
    undefined,
    { devices: ['virtio-net-pci,netdev=n,rombar=0,romfile=pxe-virtio.rom'] },
  ],
] as const)
  test(`${card} boots the machine from the network`, { skip, timeout: 300_000 }, async () => {
    const serial = join(folder, 'serial')
    writeFileSync(join(folder, 'boot.bin'), program('netboot'))
    const network = `tftp=${folder},bootfile=boot.bin,restrict=on`
    await using machine = await startMachine({
      memory: 32,
      ...(nic === undefined ? { netdevs: [`user,id=n,${network}`] } : { nics: `${nic},${network}` }),
      ...more,
      boot: 'n',
      serial: `unix:${serial},server=on,wait=off`,
      paused: true,
    })
    const line = connect(serial)
    await once(line, 'connect')
    await machine.qmp.execute('cont')
    let text = ''
    while (!text.endsWith('netboot')) text += String((await once(line, 'data'))[0])
    assert.match(text, /netboot$/)
  })
