import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { BlockError, type BlockErrorKind, connectPcDrives, DriveSet, driveFromOptions } from '../index.ts'

/** Drives that QEMU 7.2 refuses, what it says, and our kind of error. Several drives are separated by a blank. */
const refusals: readonly (readonly [drives: string, kind: BlockErrorKind, text: string])[] = [
  ['file=nofile', 'missing', "Could not open 'nofile': No such file or directory"],
  ['file=nofile,media=cdrom', 'missing', "Could not open 'nofile': No such file or directory"],
  ['file=.', 'invalid', "'file' driver requires '.' to be a regular file"],
  ['driver=file,file=/dev/null', 'invalid', "'file' driver requires '/dev/null' to be a regular file"],
  [
    'driver=host_device,file=d.raw',
    'invalid',
    "'host_device' driver requires 'd.raw' to be either a character or block device",
  ],
  ['file=d.raw,format=bogus', 'unsupported', "Unknown driver 'bogus'"],
  ['driver=bogus', 'unsupported', "Unknown driver 'bogus'"],
  ['file.driver=bogus', 'unsupported', "Unknown driver 'bogus'"],
  ['file=bogus:d.raw,format=raw', 'unsupported', "Unknown protocol 'bogus'"],
  ['file=file:,format=raw', 'invalid', "The 'file' block driver requires a file name"],
  ['driver=file', 'invalid', "The 'file' block driver requires a file name"],
  ['driver=raw', 'invalid', 'A block device must be specified for "file"'],
  ['if=none,format=raw', 'invalid', 'A block device must be specified for "file"'],
  ['if=none,bogus=x', 'invalid', 'Must specify either driver or file'],
  ['if=none,cache=none', 'invalid', 'Must specify either driver or file'],
  ['if=none,discard=unmap', 'invalid', 'Must specify either driver or file'],
  ['if=none,node-name=abc', 'invalid', 'Must specify either driver or file'],
  ['file=null-co://x', 'invalid', "The only allowed filename for this driver is 'null-co://'"],
  [
    'file=d.raw,format=raw,file.filename=d.raw',
    'invalid',
    "Can't specify 'file' and 'filename' options at the same time",
  ],
  ['file=d.raw,format=raw,bogus=1', 'unsupported', "Block format 'raw' does not support the option 'bogus'"],
  ['file=d.raw,format=raw,serial=abc', 'unsupported', "Block format 'raw' does not support the option 'serial'"],
  ['file=d.raw,format=raw,file.bogus=1', 'unsupported', "Block protocol 'file' doesn't support the option 'bogus'"],
  ['file=d.raw,format=raw,file.locking=bad', 'invalid', 'invalid parameter value: bad'],
  ['file=d.raw,format=raw,driver=raw', 'invalid', "Cannot specify both 'driver' and 'format'"],
  ['file=d.raw,format=raw,readonly=maybe', 'invalid', "Parameter 'read-only' expects 'on' or 'off'"],
  [
    'file=d.raw,readonly=on,read-only=on',
    'invalid',
    "'read-only' and its alias 'readonly' can't be used at the same time",
  ],
  ['file=d.raw,format=raw,snapshot=maybe', 'invalid', "Parameter 'snapshot' expects 'on' or 'off'"],
  ['file=d.raw,format=raw,auto-read-only=maybe', 'invalid', "Parameter 'auto-read-only' expects 'on' or 'off'"],
  ['file=d.raw,format=raw,cache.direct=zz', 'invalid', "Parameter 'cache.direct' expects 'on' or 'off'"],
  ['file=d.raw,format=raw,cache=bogus', 'invalid', 'invalid cache option'],
  ['file=d.raw,format=raw,aio=bogus', 'invalid', 'invalid aio option'],
  [
    'file=d.raw,format=raw,aio=native',
    'invalid',
    'aio=native was specified, but it requires cache.direct=on, which was not specified.',
  ],
  ['file=d.raw,format=raw,discard=bad', 'invalid', 'Invalid discard option'],
  ['file=d.raw,format=raw,detect-zeroes=bad', 'invalid', 'invalid parameter value: bad'],
  ['file=d.raw,format=raw,werror=bogus', 'invalid', "'bogus' invalid write error action"],
  ['file=d.raw,format=raw,rerror=enospc', 'invalid', "'enospc' invalid read error action"],
  ['file=d.raw,format=raw,werror=stop,if=floppy', 'invalid', 'werror is not supported by this bus type'],
  ['file=d.raw,format=raw,rerror=stop,if=sd', 'invalid', 'rerror is not supported by this bus type'],
  ['file=d.raw,format=raw,if=bogus', 'invalid', "unsupported bus type 'bogus'"],
  ['file=d.raw,format=raw,media=bogus', 'invalid', "'bogus' invalid media"],
  ['file=d.raw,format=raw,index=x', 'invalid', "Parameter 'index' expects a number"],
  ['file=d.raw,format=raw,bus=x', 'invalid', "Parameter 'bus' expects a number"],
  ['file=d.raw,format=raw,index=1,unit=0', 'invalid', 'index cannot be used with bus and unit'],
  ['file=d.raw,format=raw,unit=2', 'invalid', 'unit 2 too big (max is 1)'],
  ['file=d.raw,format=raw,unit=-3', 'invalid', 'machine type does not support if=ide,bus=0,unit=-3'],
  ['file=d.raw,format=raw,bus=2', 'invalid', 'machine type does not support if=ide,bus=2,unit=0'],
  ['file=d.raw,format=raw,index=99', 'invalid', 'machine type does not support if=ide,bus=49,unit=1'],
  ['file=d.raw,format=raw,if=floppy,index=2', 'invalid', 'machine type does not support if=floppy,bus=0,unit=2'],
  ['file=d.raw,format=raw,if=floppy,bus=1', 'invalid', 'machine type does not support if=floppy,bus=1,unit=0'],
  ['file=d.raw,format=raw,if=scsi', 'invalid', 'machine type does not support if=scsi,bus=0,unit=0'],
  ['file=d.raw,format=raw,if=sd', 'invalid', 'machine type does not support if=sd,bus=0,unit=0'],
  ['file=d.raw,format=raw,if=mtd', 'invalid', 'machine type does not support if=mtd,bus=0,unit=0'],
  [
    'file=d.raw,format=raw,id=9x',
    'invalid',
    "Parameter 'id' expects an identifier\n" +
      "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.",
  ],
  ['file=d.raw,format=raw,node-name=9bc', 'invalid', "Invalid node-name: '9bc'"],
  ['file=d.raw,format=raw,node-name=abcdefghijklmnopqrstuvwxyz0123456789', 'invalid', 'Node name too long'],
  ['file=d.raw,format=raw,node-name=abc,id=abc', 'duplicate', "Device name 'abc' conflicts with an existing node name"],
  [
    'file=d.raw,format=raw,node-name=abc file=e.raw,format=raw,node-name=abc',
    'duplicate',
    "Duplicate nodes with node-name='abc'",
  ],
  ['id=a,if=none,file=d.raw,format=raw id=a,if=none,file=e.raw,format=raw', 'duplicate', "Duplicate ID 'a' for drive"],
  ['id=ide0-hd1,file=d.raw,format=raw file=e.raw,format=raw', 'duplicate', "Device with id 'ide0-hd1' already exists"],
  ['index=0,media=cdrom index=0,media=cdrom', 'duplicate', 'drive with bus=0, unit=0 (index=0) exists'],
  ['media=cdrom bus=0,unit=0,media=cdrom', 'duplicate', 'drive with bus=0, unit=0 (index=-1) exists'],
  ['if=floppy,index=0 if=floppy,index=0', 'duplicate', 'drive with bus=0, unit=0 (index=0) exists'],
  [
    'file=d.raw,format=raw,offset=0,size=10M',
    'invalid',
    'The sum of offset (0) and size (10485760) has to be smaller or equal to the  actual size of the containing file (1048576)',
  ],
  [
    'file=d.raw,format=raw,offset=10M',
    'invalid',
    'Offset (10485760) cannot be greater than size of the containing file (1048576)',
  ],
  ['file=d.raw,format=raw,size=1000', 'invalid', 'Specified size is not multiple of 512'],
  [
    'file=d.raw,format=raw,size=bad',
    'invalid',
    "Parameter 'size' expects a non-negative number below 2^64\n" +
      'Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\nand exabytes, respectively.',
  ],
  ['if=ide', 'empty', 'Device needs media, but drive is empty'],
  ['file=', 'empty', 'Device needs media, but drive is empty'],
  ['file=d.raw,format=raw,readonly=on', 'read-only', 'Block node is read-only'],
  [
    'file=d.raw,format=raw file=d.raw,format=raw',
    'locked',
    'Failed to get "write" lock\nIs another process using the image [d.raw]?',
  ],
  [
    'file=d.raw,format=raw file=d.raw,media=cdrom',
    'locked',
    'Failed to get shared "write" lock\nIs another process using the image [d.raw]?',
  ],
]

/** Drives that QEMU takes and we, for now, do not: named, not ignored. */
const missing: readonly (readonly [drives: string, text: string])[] = [
  ['file=d.raw,format=raw,snapshot=on', "Drive option 'snapshot' is not supported by this version"],
  ['file=d.raw,format=raw,bps=1000', "Drive option 'throttling.bps-total' is not supported by this version"],
  [
    'file=d.raw,format=raw,throttling.iops-read=5',
    "Drive option 'throttling.iops-read' is not supported by this version",
  ],
  ['file=image.qcow2', "Unknown driver 'qcow2'"],
  ['file=d.raw,format=qcow2', "Unknown driver 'qcow2'"],
]

const start = process.cwd()
const folder = mkdtempSync(join(tmpdir(), 'vmon-refusals-'))

before(() => {
  process.chdir(folder)
  for (const name of ['d.raw', 'e.raw']) {
    writeFileSync(name, '')
    truncateSync(name, 2 ** 20)
  }
  writeFileSync('image.qcow2', 'QFI\xfb\0\0\0\x03' + '\0'.repeat(504), 'latin1')
})

after(() => {
  process.chdir(start)
  rmSync(folder, { recursive: true })
})

async function refuse(drives: string, kind: BlockErrorKind, text: string): Promise<void> {
  const set = new DriveSet()
  try {
    await assert.rejects(
      async () => {
        for (const drive of drives.split(' ')) {
          await set.add(driveFromOptions(Object.fromEntries(drive.split(',').map((part) => part.split(/=(.*)/s, 2)))))
        }
        await connectPcDrives(set, { vga: false, serialPorts: 0, parallelPorts: 0, networkCards: 0 })
      },
      (error) => {
        assert.ok(error instanceof BlockError, String(error))
        assert.deepEqual([error.message, error.kind], [text, kind])
        return true
      },
    )
  } finally {
    await set.close()
  }
  assert.deepEqual([...set.graph.nodes], [], 'what was opened on the way is closed')
}

for (const [drives, kind, text] of refusals) {
  test(`QEMU's words for -drive ${drives}: ${text.split('\n', 1)}`, () => refuse(drives, kind, text))
}

for (const [drives, text] of missing) {
  test(`what this version lacks is refused by name: -drive ${drives}`, () => refuse(drives, 'unsupported', text))
}

test('options that say nothing of an image leave a drive empty', async () => {
  const set = new DriveSet()
  for (const option of ['readonly=on', 'cache.writeback=off', 'detect-zeroes=on', 'aio=threads', 'copy-on-read=on']) {
    const drive = await set.add(driveFromOptions({ if: 'none', ...Object.fromEntries([option.split('=')]) }))
    assert.equal(drive.node, undefined, option)
  }
  for (const options of [{ snapshot: 'on' }, { bps: '0' }, { 'throttling.group': 'g' }]) {
    assert.equal((await set.add(driveFromOptions({ if: 'none', ...options }))).node, undefined)
  }
  await set.close()
})

test('what holds for an image holds for the storage below it, unless that has its own', async () => {
  const set = new DriveSet()
  const above = { file: 'd.raw', format: 'raw', if: 'none', readonly: 'on', cache: 'none', 'node-name': 'above' }
  await set.add(driveFromOptions({ ...above, 'file.node-name': 'below' }))
  for (const name of ['above', 'below']) {
    const node = set.graph.find(name)!
    assert.deepEqual([node.readOnly, node.cache], [true, { direct: true, noFlush: false }], name)
  }
  await set.close()
  const own = new DriveSet()
  await own.add(driveFromOptions({ ...above, 'file.node-name': 'below', 'file.cache.direct': 'off' }))
  assert.equal(own.graph.find('above')!.cache.direct, true)
  assert.equal(own.graph.find('below')!.cache.direct, false)
  await own.close()
})
