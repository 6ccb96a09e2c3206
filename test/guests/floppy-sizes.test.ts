/** Floppies of sizes that no floppy has. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startMachine } from '../../src/index.ts'
import { missingFile } from '../oracle/peers.ts'
import { bootDisk, copyOffset, greeting } from './boot-media.ts'

const timeout = 300_000
const grub = '/usr/lib/grub-rescue/grub-rescue-floppy.img'
const folder = mkdtempSync(join(tmpdir(), 'vmon-floppy-'))
after(() => rmSync(folder, { recursive: true }))

/** One of each kind: two sectors and more, formats that a table has and hasn't, an odd length, more than there can be. */
const sizes = [
  2048,
  163840,
  1000 << 10,
  1232 << 10,
  1296384,
  1474560,
  1474560 + 512,
  1474661,
  2949120,
  5000192,
  64 << 20,
]

for (const size of sizes) {
  test(`a floppy of ${size} bytes boots, and what the guest writes is in its image`, { timeout }, async () => {
    const [path, serial] = [join(folder, `${size}.img`), join(folder, `${size}.sock`)]
    writeFileSync(path, bootDisk(size))
    await using machine = await startMachine({
      memory: '16M',
      drives: [{ file: path, format: 'raw', if: 'floppy' }],
      serial: `unix:${serial},server=on,wait=off`,
      vga: 'none',
      paused: true,
    })
    const line = connect(serial)
    await once(line, 'connect')
    await machine.qmp.execute('cont')
    let text = ''
    while (text.length < greeting.length && text !== 'E') text += String((await once(line, 'data'))[0])
    assert.equal(text, greeting)
    assert.equal(readFileSync(path).toString('latin1', copyOffset, copyOffset + greeting.length), greeting)
  })
}

test("GRUB's rescue floppy boots to its prompt", { timeout, skip: missingFile(grub, 'grub-rescue-pc') }, async () => {
  const path = join(folder, 'grub.img')
  copyFileSync(grub, path)
  await using machine = await startMachine({ memory: '64M', drives: [{ file: path, format: 'raw', if: 'floppy' }] })
  await machine.screen.waitFor(/GNU GRUB[\s\S]*Memtest86/)
  await machine.keyboard.type('c')
  await machine.screen.waitFor(/^grub>/m)
  await machine.keyboard.type('ls (fd0)\n')
  await machine.screen.waitFor(/fd0.*\n[\s\S]*^grub>$/m)
})

test('a floppy of any size goes into a drive that runs, and one that the host does not find is no medium', async () => {
  const path = join(folder, 'odd.img')
  writeFileSync(path, new Uint8Array(5000192))
  await using machine = await startMachine({ memory: '16M', drives: [{ if: 'floppy', id: 'a' }] })
  const { qmp } = machine
  await qmp.execute('blockdev-change-medium', { device: 'a', filename: path, format: 'raw' })
  const [drive] = await qmp.execute('query-block')
  assert.deepEqual([drive!.inserted!.file, drive!.inserted!.image['virtual-size']], [path, 5000192])
  await assert.rejects(qmp.execute('blockdev-change-medium', { device: 'a', filename: join(folder, 'none') }))
  await qmp.execute('blockdev-add', { driver: 'null-co', 'node-name': 'nothing', 'read-zeroes': true })
  await qmp.execute('eject', { device: 'a' })
  const [{ qdev } = { qdev: undefined }] = await qmp.execute('query-block')
  await qmp.execute('blockdev-insert-medium', { id: qdev!, 'node-name': 'nothing' })
  assert.equal((await qmp.execute('query-status')).status, 'running')
})
