import assert from 'node:assert/strict'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, mock, test } from 'node:test'
import { deferred } from '../../src/async/index.ts'
import {
  connectPcDrives,
  createDisk,
  type Drive,
  DriveSet,
  type DriveShorthand,
  driveFromOptions,
  openDisk,
  shorthandDrive,
} from '../../src/block/index.ts'
import { type BoardConfig, createBoard, findFirmware } from '../../src/board/index.ts'
import { startMachine } from '../../src/index.ts'
import { silent } from '../../src/log/index.ts'
import { bootCd, bootDisk, copyOffset, greeting } from './boot-media.ts'
import { noDevices } from './no-devices.ts'
import { SerialShell } from './serial-shell.ts'

const folder = fs.mkdtempSync(join(tmpdir(), 'vmon-guests-'))
after(() => fs.rmSync(folder, { recursive: true }))

/** An image in a format, over a backing file that holds half of it if the format can. */
async function writeImage(path: string, format: 'raw' | 'qcow2', bytes: Uint8Array): Promise<void> {
  if (format === 'raw') return fs.writeFileSync(path, bytes)
  const half = bytes.length / 2
  fs.writeFileSync(`${path}.base`, bytes.subarray(0, half))
  const backing = { filename: `${path}.base`, format: 'raw' }
  await createDisk(path, { format, size: bytes.length, backing })
  await using disk = await openDisk(path)
  await disk.write(half, bytes.subarray(half))
}

/** Boots a PC with one image in one drive until the guest has sent the greeting, or `E` for a failure. */
async function boot(
  shorthand: DriveShorthand,
  slot: BoardConfig['drives'][number]['slot'],
  image: Uint8Array,
  seen: (drive: Drive, path: string) => void,
  format: 'raw' | 'qcow2' = 'raw',
): Promise<void> {
  const path = join(folder, shorthand)
  await writeImage(path, format, image)
  const drives = new DriveSet()
  const drive = await drives.add(driveFromOptions({ ...shorthandDrive(shorthand, path), format }))
  await connectPcDrives(drives, { vga: false, serialPorts: 1, parallelPorts: 0, networkCards: 0 })
  const said = deferred<string>()
  let text = ''
  const kind = slot.bus === 'floppy' ? 'floppy' : drive.media
  const board = await createBoard(
    'v86',
    {
      ramBytes: 16 * 2 ** 20,
      firmware: findFirmware({ bios: undefined, folders: [] }, silent),
      bootOrder: 'adc',
      drives: [{ slot, kind, medium: drive.medium }],
      serialPorts: 1,
      vga: false,
    },
    {
      guestReset: () => said.reject(new Error('the guest has reset')),
      guestShutdown: () => said.reject(new Error('the guest has switched off')),
      clockSet: () => undefined,
      guestSuspend: () => said.reject(new Error('the guest sleeps')),
      crashed: (error) => said.reject(error),
      wakeRequested: () => undefined,
      vmmouse: () => undefined,
      serialOutput(_port, bytes) {
        text += Buffer.from(bytes).toString('latin1')
        if (text.length >= greeting.length || text === 'E') said.resolve(text)
      },
    },
    noDevices,
  )
  try {
    await board.resume()
    assert.equal(await said.promise, greeting)
    seen(drive, path)
  } finally {
    await board.close()
    await drives.close()
  }
}

/** What a file holds where the guest has written. */
function copyIn(path: string): string {
  return fs
    .readFileSync(path)
    .subarray(copyOffset, copyOffset + greeting.length)
    .toString('latin1')
}

test('a guest boots from a hard disk, and what it writes and flushes is in the image file and on the disk', async () => {
  let flushes = 0
  const { fdatasync } = fs
  mock.method(fs, 'fdatasync', (fd: number, done: (error: Error | null) => void) => {
    flushes++
    fdatasync(fd, done)
  })
  syncBuiltinESMExports()
  const slot = { bus: 'ide', channel: 0, unit: 0 } as const
  await boot('hda', slot, bootDisk(8 * 2 ** 20, { flush: true }), ({ statistics }, path) => {
    assert.equal(copyIn(path), greeting)
    assert.deepEqual([statistics.write.operations, statistics.write.bytes, statistics.flush.operations], [1, 512, 1])
    assert.equal(flushes, 1, 'the flush came before the greeting')
  })
  mock.restoreAll()
  syncBuiltinESMExports()
})

test('a guest boots from a qcow2 image over a backing file, which stays as it is while the guest writes', async () => {
  const image = bootDisk(8 * 2 ** 20, { flush: true })
  const slot = { bus: 'ide', channel: 0, unit: 0 } as const
  await boot('hda', slot, image, ({ statistics }) => assert.equal(statistics.write.failed, 0), 'qcow2')
  const path = join(folder, 'hda')
  assert.deepEqual(new Uint8Array(fs.readFileSync(`${path}.base`)), image.slice(0, image.length / 2))
  await using disk = await openDisk(path, { readOnly: true })
  const written = await disk.read(copyOffset, greeting.length)
  assert.equal(Buffer.from(written).toString('latin1'), greeting)
  assert.deepEqual(await disk.node.driver.check!().then(({ corruptions, leaks }) => [corruptions, leaks]), [0, 0])
})

test('a guest boots from a floppy, and what it writes is in the image file', () =>
  boot('fda', { bus: 'floppy', unit: 0 }, bootDisk(1474560), ({ statistics }, path) => {
    assert.equal(copyIn(path), greeting)
    assert.deepEqual([statistics.write.bytes, statistics.write.failed, statistics.read.failed], [512, 0, 0])
  }))

test('a guest boots from a CD', () =>
  boot('cdrom', { bus: 'ide', channel: 1, unit: 0 }, bootCd(), ({ statistics }) => {
    assert.ok(statistics.read.bytes >= 4 * 2048)
    assert.deepEqual([statistics.read.failed, statistics.write.operations], [0, 0])
  }))

test('a guest boots from the second unit of a channel that has no first', () =>
  boot('hdd', { bus: 'ide', channel: 1, unit: 1 }, bootDisk(8 * 2 ** 20), ({ statistics }, path) => {
    assert.equal(copyIn(path), greeting)
    assert.deepEqual([statistics.write.bytes, statistics.read.failed], [512, 0])
  }))

test('a guest boots from the disk that says so, and is told what it is called', async () => {
  const [first, second] = ['first', 'second'].map((name) => {
    const path = join(folder, name)
    fs.writeFileSync(path, bootDisk(8 * 2 ** 20))
    return path
  })
  const com1 = join(folder, 'com1')
  await using vm = await startMachine({
    drives: [{ if: 'none', id: 'first', file: first!, format: 'raw' }],
    blockdevs: [{ driver: 'file', filename: second!, 'node-name': 'second' }],
    devices: [
      { driver: 'ide-hd', drive: 'first', serial: 'A1' },
      { driver: 'ide-hd', drive: 'second', id: 'disk', bus: 'ide.1', bootindex: '0' },
    ],
    serial: `unix:${com1},server=on,wait=off`,
    noDefaults: true,
    paused: true,
  })
  const line = await SerialShell.connect(com1)
  await vm.qmp.execute('cont')
  await line.until(new RegExp(greeting))
  line.close()
  const written = (await vm.qmp.execute('query-blockstats')).map(({ qdev, stats }) => [qdev, stats.wr_operations])
  assert.deepEqual(written, [
    ['/machine/peripheral-anon/device[0]', 0],
    ['disk', 1],
  ])
  assert.deepEqual([copyIn(first!), copyIn(second!)], ['\0'.repeat(greeting.length), greeting])
})

test('what a guest writes to a disk of which nothing is kept goes to a file that is gone with it', async () => {
  const path = join(folder, 'kept')
  const image = bootDisk(8 * 2 ** 20, { flush: true })
  fs.writeFileSync(path, image)
  const com1 = join(folder, 'com1')
  const temporary = join(folder, 'tmp')
  fs.mkdirSync(temporary)
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = temporary
  try {
    await using vm = await startMachine({
      hda: path,
      snapshot: true,
      serial: `unix:${com1},server=on,wait=off`,
      noDefaults: true,
      paused: true,
    })
    const line = await SerialShell.connect(com1)
    await vm.qmp.execute('cont')
    await line.until(new RegExp(greeting))
    line.close()
    const [drive] = await vm.qmp.execute('query-block')
    assert.deepEqual(
      [drive!.inserted!.backing_file, drive!.inserted!.ro, fs.readdirSync(temporary).length],
      [path, false, 1],
    )
    const [{ stats } = { stats: undefined }] = await vm.qmp.execute('query-blockstats')
    assert.equal(stats!.wr_operations, 1)
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
  assert.deepEqual(fs.readdirSync(temporary), [])
  assert.ok(Buffer.from(image).equals(fs.readFileSync(path)))
})
