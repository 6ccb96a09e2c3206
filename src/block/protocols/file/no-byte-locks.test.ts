import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connectPcDrives, DriveSet, driveFromOptions } from '../../index.ts'

// What locks there are is found out when the first file is opened, and kept: this file is a process of its own.
Object.defineProperty(process, 'platform', { value: 'sunos' })

const folder = mkdtempSync(join(tmpdir(), 'vmon-no-locks-'))
const file = join(folder, 'disk.raw')
writeFileSync(file, new Uint8Array(4096))
after(() => rmSync(folder, { recursive: true }))

test('where the system offers no locks, images open without', async () => {
  await using drives = new DriveSet()
  const drive = await drives.add(driveFromOptions({ file, format: 'raw', 'file.locking': 'auto' }))
  await connectPcDrives(drives, { vga: false, serialPorts: 0, parallelPorts: 0, networkCards: 0 })
  await drive.medium!.write(0, new Uint8Array(512))
})

test('and who insists on a lock is refused', async () => {
  await using drives = new DriveSet()
  await assert.rejects(drives.add(driveFromOptions({ file, format: 'raw', 'file.locking': 'on' })), {
    kind: 'unsupported',
    message: 'Files can be locked on 64-bit Linux only, and with the package koffi',
  })
})
