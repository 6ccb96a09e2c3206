import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startMachine } from '../../src/index.ts'
import { bootDisk } from './boot-media.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-boot-order-'))
after(() => rmSync(folder, { recursive: true }))

/** A disk, or floppy, whose boot sector says this word, of five letters. */
function image(name: string, length: number, word: string): string {
  const path = join(folder, name)
  const bytes = bootDisk(length)
  bytes.set(Buffer.from(word), 512)
  writeFileSync(path, bytes)
  return path
}

/** The next five letters that come. */
async function word(line: Socket): Promise<string> {
  let text = ''
  while (text.length < 5) text += String((await once(line, 'data'))[0])
  return text
}

test('the machine boots once from the floppy, and after a reset from the disk', async () => {
  const serial = join(folder, 'serial')
  await using machine = await startMachine({
    memory: '16M',
    drives: [
      { file: image('a.img', 1474560, 'aaaaa'), format: 'raw', if: 'floppy' },
      { file: image('c.img', 8 * 2 ** 20, 'ccccc'), format: 'raw', if: 'ide' },
    ],
    boot: { order: 'c', once: 'a' },
    serial: `unix:${serial},server=on,wait=off`,
    vga: 'none',
    paused: true,
  })
  const line = connect(serial)
  await once(line, 'connect')
  await machine.qmp.execute('cont')
  assert.equal(await word(line), 'aaaaa')
  await machine.qmp.execute('system_reset')
  assert.equal(await word(line), 'ccccc')
  await machine.qmp.execute('system_reset')
  assert.equal(await word(line), 'ccccc')
})

for (const [title, drives, devices] of [
  ['by itself', [{ if: 'virtio' }], []],
  ['before an IDE disk that has a later place', [{ if: 'none', id: 'v' }], ['virtio-blk-pci,drive=v,bootindex=1']],
  [
    'of a SCSI controller before an IDE disk',
    [{ if: 'none', id: 'v' }],
    ['virtio-scsi-pci', 'scsi-hd,drive=v,scsi-id=3,lun=0,bootindex=1'],
  ],
] as const)
  test(`the machine boots from a virtio disk, ${title}`, async () => {
    const serial = join(folder, 'serial')
    const others =
      devices.length === 0 ? [] : [{ file: image('i.img', 8 * 2 ** 20, 'iiiii'), format: 'raw', if: 'ide' }]
    await using machine = await startMachine({
      memory: '16M',
      drives: [...others, { ...drives[0], file: image('v.img', 8 * 2 ** 20, 'vvvvv'), format: 'raw' }],
      devices: [...devices],
      serial: `unix:${serial},server=on,wait=off`,
      vga: 'none',
      paused: true,
    })
    const line = connect(serial)
    await once(line, 'connect')
    await machine.qmp.execute('cont')
    assert.equal(await word(line), 'vvvvv')
  })

for (const [title, fromStart, later] of [
  ['on the PCI bus', [], { driver: 'virtio-blk-pci', drive: 'v', id: 'd', bootindex: 1 }],
  ['on the bus of a SCSI controller', ['virtio-scsi-pci'], { driver: 'scsi-hd', drive: 'v', id: 'd', bootindex: 1 }],
] as const)
  test(`a disk that is plugged in ${title} is booted from after the next reset, and no more when it has gone`, async () => {
    const serial = join(folder, 'serial')
    await using machine = await startMachine({
      memory: '16M',
      drives: [
        { file: image('i.img', 8 * 2 ** 20, 'iiiii'), format: 'raw', if: 'ide' },
        { file: image('v.img', 8 * 2 ** 20, 'vvvvv'), format: 'raw', if: 'none', id: 'v' },
      ],
      devices: [...fromStart],
      serial: `unix:${serial},server=on,wait=off`,
      vga: 'none',
      paused: true,
    })
    const line = connect(serial)
    await once(line, 'connect')
    await machine.qmp.execute('cont')
    assert.equal(await word(line), 'iiiii')
    await machine.qmp.execute('device_add', later)
    await machine.qmp.execute('system_reset')
    assert.equal(await word(line), 'vvvvv')
    await machine.qmp.execute('device_del', { id: 'd' })
    await machine.qmp.execute('system_reset')
    assert.equal(await word(line), 'iiiii')
  })
