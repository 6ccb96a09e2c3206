import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connectPcDrives, createDisk, DriveSet, driveFromOptions, MediaControl, openDisk } from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-locked-'))
after(() => rmSync(folder, { recursive: true }))
const secrets = { key: 'a password' }
const device = 'ide1-cd0'

const kinds = {
  aes: { format: 'qcow2', options: { 'encrypt.format': 'aes', 'encrypt.key-secret': 'key' } },
  luks: {
    format: 'qcow2',
    options: { 'encrypt.format': 'luks', 'encrypt.key-secret': 'key', 'encrypt.iter-time': '1' },
  },
  whole: { format: 'luks', options: { 'key-secret': 'key', 'iter-time': '1' } },
} as const

async function makeImage(name: keyof typeof kinds): Promise<string> {
  const path = join(folder, name)
  const { format, options } = kinds[name]
  await createDisk(path, { format, size: 2 ** 20, options, secrets })
  const key = format === 'luks' ? { 'key-secret': 'key' } : { 'encrypt.key-secret': 'key' }
  await using disk = await openDisk(path, { format, options: key, secrets })
  await disk.write(0, new Uint8Array(512).fill(5))
  return path
}

for (const name of ['aes', 'luks', 'whole'] as const) {
  test(`an encrypted medium waits for its key, and so does who wants to go on: ${name}`, async () => {
    const filename = await makeImage(name)
    const drives = new DriveSet()
    const drive = await drives.add(driveFromOptions({ media: 'cdrom', index: '2' }))
    await connectPcDrives(drives, { vga: false, serialPorts: 0, parallelPorts: 0, networkCards: 0 })
    const media = new MediaControl(drives)
    await assert.rejects(media.unlock(device, 'x'), { message: `Device '${device}' is not encrypted` })
    await assert.rejects(media.unlock('nope', 'x'), {
      errorClass: 'DeviceNotFound',
      message: "Device 'nope' not found",
    })
    drives.checkKeys()

    const encrypted = { errorClass: 'DeviceEncrypted', message: `'${device}' (${filename}) is encrypted` }
    const whole = { ...encrypted, message: /^'ide1-cd0' \(.*\) is encrypted$/ }
    const expected = name === 'whole' ? whole : encrypted
    await assert.rejects(media.changeOld(device, { filename, format: kinds[name].format }), expected)
    assert.throws(() => drives.checkKeys(), expected)
    await assert.rejects(drive.node!.read(0, 512), { message: 'The image is locked' })
    if (name !== 'aes') {
      await assert.rejects(media.unlock(device, 'wrong'), { message: 'Password incorrect' })
      assert.throws(() => drives.checkKeys(), expected)
    }
    await media.unlock(device, secrets.key)
    drives.checkKeys()
    assert.deepEqual(new Uint8Array(await drive.node!.read(0, 512)), new Uint8Array(512).fill(5))
    await drives.close()
  })
}
