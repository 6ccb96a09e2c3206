import assert from 'node:assert/strict'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, mock, test } from 'node:test'
import { deferred } from '../../../async/index.ts'
import { type Attachment, connectPcDrives, DriveSet, driveFromOptions, NodeGraph } from '../../index.ts'

const folder = fs.mkdtempSync(join(tmpdir(), 'vmon-file-'))
const image = join(folder, 'disk.raw')
const pc = { vga: false, serialPorts: 0, parallelPorts: 0, networkCards: 0 }
const writer = { description: 'a writer', access: { uses: ['read', 'write'], shares: [] } } as const

/** What reached the system, in order. */
const calls: string[] = []

beforeEach(() => {
  fs.writeFileSync(image, new Uint8Array(4096))
  calls.length = 0
  watchable()
})
afterEach(() => {
  mock.restoreAll()
  syncBuiltinESMExports()
})
after(() => fs.rmSync(folder, { recursive: true }))

/** Nothing is done at once, without the calls that are watched: nobody knows what file system this is. */
function watchable(): void {
  mock.method(fs, 'statfs', (_path: string, done: (error: Error) => void) =>
    setImmediate(() => done(new Error('none'))),
  )
  syncBuiltinESMExports()
}

/** Writes wait for it. */
let gate = Promise.resolve()

/** Notes the end of writes and the beginning of flushes; a flush fails if the first of `results` says so. */
function watch(...results: string[]): void {
  const { write, fdatasync } = fs
  mock.method(fs, 'write', (...args: any[]) => {
    const done = args.pop()
    const written = (...outcome: unknown[]): void => {
      calls.push('written')
      done(...outcome)
    }
    gate.then(() => (write as any)(...args, written))
  })
  mock.method(fs, 'fdatasync', (fd: number, done: (error: Error | null) => void) => {
    calls.push('flush')
    const code = results.shift()
    if (code === undefined) fdatasync(fd, done)
    else setImmediate(() => done(Object.assign(new Error(code), { code })))
  })
  syncBuiltinESMExports()
}

/** The attachment of a writer to the image. */
async function openWritten(): Promise<Attachment> {
  const node = await new NodeGraph().open({ filename: image, options: { driver: 'raw' } })
  return node.attach(writer)
}

test('a flush asks the system to put what was written on the disk', async () => {
  const user = await openWritten()
  watch()
  await user.node.write(0, new Uint8Array(512).fill(7))
  await user.node.flush()
  assert.deepEqual(calls, ['written', 'flush'])
  await user.detach()
})

test('a flush that failed is never followed by one that succeeds', async () => {
  const user = await openWritten()
  const { node } = user
  watch('EIO')
  await node.write(0, new Uint8Array(512))
  const lost = { kind: 'io', message: 'Input/output error' }
  await assert.rejects(node.flush(), lost)
  await node.write(0, new Uint8Array(512))
  await assert.rejects(node.flush(), lost)
  await assert.rejects(user.detach(), lost)
  assert.equal(node.state, 'closed')
  assert.deepEqual(calls, ['written', 'flush', 'written'])
})

test('closing puts on the disk what no flush has, and nothing else', async () => {
  const config = driveFromOptions({ file: image, format: 'raw' })
  const dirty = new DriveSet()
  const drive = await dirty.add(config)
  await connectPcDrives(dirty, pc)
  watch()
  await drive.medium!.write(512, new Uint8Array(512).fill(9))
  await dirty.close()
  assert.deepEqual(calls, ['written', 'flush'])
  assert.equal(fs.readFileSync(image)[512], 9)

  const clean = new DriveSet()
  await clean.add(config)
  await connectPcDrives(clean, pc)
  await clean.close()
  assert.deepEqual(calls, ['written', 'flush'])
})

test('closing also covers a write that was under way during the last flush', async () => {
  const user = await openWritten()
  watch()
  const { promise, resolve } = deferred()
  gate = promise
  const writing = user.node.write(0, new Uint8Array(512).fill(1))
  await user.node.flush()
  resolve()
  await writing
  await user.detach()
  assert.deepEqual(calls, ['flush', 'written', 'flush'])
})

test('a drive without a write cache has every write on the disk before it is complete', async () => {
  const drives = new DriveSet()
  const drive = await drives.add(driveFromOptions({ file: image, format: 'raw', cache: 'writethrough' }))
  await connectPcDrives(drives, pc)
  watch()
  await drive.medium!.write(0, new Uint8Array(512))
  assert.deepEqual(calls, ['written', 'flush'])
  await drives.close()
})

test('cache=unsafe never flushes', async () => {
  const drives = new DriveSet()
  const drive = await drives.add(driveFromOptions({ file: image, format: 'raw', cache: 'unsafe' }))
  await connectPcDrives(drives, pc)
  watch()
  await drive.medium!.write(0, new Uint8Array(512))
  await drive.medium!.flush()
  await drives.close()
  assert.deepEqual(calls, ['written'])
})

test('a file is opened for writing only when somebody writes', async () => {
  const { open } = fs
  const flags: number[] = []
  mock.method(fs, 'open', (path: string, flag: number, done: (error: Error | null, fd?: number) => void) => {
    const mode = flag & (fs.constants.O_WRONLY | fs.constants.O_RDWR)
    flags.push(mode)
    if (mode === fs.constants.O_RDWR) setImmediate(() => done(Object.assign(new Error('EACCES'), { code: 'EACCES' })))
    else open(path, flag, done)
  })
  syncBuiltinESMExports()
  const drives = new DriveSet()
  const drive = await drives.add(driveFromOptions({ file: image, format: 'raw' }))
  assert.deepEqual(flags, [fs.constants.O_RDONLY])
  await assert.rejects(connectPcDrives(drives, pc), {
    kind: 'permission',
    message: `Could not open '${image}': Permission denied`,
  })
  assert.equal((await drive.node!.read(0, 512)).length, 512)
  await drives.close()
})

test('an odd file ends in zeroes, and its last sector becomes whole when it is written', async () => {
  fs.writeFileSync(image, new Uint8Array(1000).fill(1))
  const user = await openWritten()
  const { node } = user
  assert.equal(node.length, 1024)
  assert.deepEqual(new Uint8Array(await node.read(512, 512)), new Uint8Array(512).fill(1, 0, 488))
  await node.write(1000, new Uint8Array(24).fill(2))
  assert.equal(fs.statSync(image).size, 1024)
  await user.detach()
})

test('an empty file that grows has its first block on the disk, as one that QEMU makes', async () => {
  for (const [length, first] of [
    [512, 512],
    [3584, 512],
    [4096, 4096],
    [2 ** 20, 4096],
  ] as const) {
    fs.writeFileSync(image, '')
    const node = await new NodeGraph().open({ options: { driver: 'file', filename: image } })
    const access = { uses: ['read', 'write', 'resize'], shares: [] } as const
    const user = await node.attach({ description: 'a writer', access })
    await node.truncate(length)
    assert.equal(fs.statSync(image).size, length)
    const { data, length: run } = await node.status(0, length)
    if (first === 4096) assert.deepEqual({ data, run }, { data: true, run: first })
    await node.truncate(2 * length)
    assert.ok(fs.readFileSync(image).every((byte) => byte === 0))
    await user.detach()
    await node.close()
  }
})

test('thousands of images opened and closed leave no descriptor and no node behind', async () => {
  const descriptors = (): number => fs.readdirSync('/proc/self/fd').length
  const before = descriptors()
  for (let round = 0; round < 100; round++) {
    const drives = new DriveSet()
    const config = driveFromOptions({ file: image, format: 'raw', media: 'cdrom', if: 'none' })
    await Promise.all(Array.from({ length: 20 }, () => drives.add(config)))
    await drives.add(driveFromOptions({ file: image, format: 'raw' }))
    await connectPcDrives(drives, pc)
    await assert.rejects(drives.add(driveFromOptions({ file: image, format: 'raw', bogus: '1' })))
    await drives.close()
    assert.deepEqual([...drives.graph.nodes], [])
  }
  assert.equal(descriptors(), before)
})

test('cache.direct=on goes around the page cache, cut and aligned as the device wants it', async () => {
  const bytes = Uint8Array.from({ length: 3 * 2 ** 20 + 512 }, (_, index) => (index * 31 + (index >> 9)) & 0xff)
  fs.writeFileSync(image, bytes)
  const node = await new NodeGraph().open({ filename: image, options: { driver: 'raw', 'cache.direct': 'on' } })
  const user = await node.attach(writer)
  const flags = fs
    .readdirSync('/proc/self/fd')
    .filter((fd) => fs.existsSync(`/proc/self/fd/${fd}`) && fs.readlinkSync(`/proc/self/fd/${fd}`) === image)
    .map((fd) => Number.parseInt(/flags:\s+0?(\d+)/.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))![1]!, 8))
  assert.equal(flags.length, 2, 'one to read by, one to write by')
  assert.ok(flags.every((each) => (each & fs.constants.O_DIRECT) !== 0))
  assert.deepEqual(new Uint8Array(await node.read(777, bytes.length - 1000)), bytes.subarray(777, bytes.length - 223))
  const writes = Array.from({ length: 40 }, (_, index) => ({ offset: index * 70_001, length: 1 + index * 997 }))
  await Promise.all(
    writes.map(({ offset, length }, index) => {
      bytes.fill(index, offset, offset + length)
      return node.write(offset, new Uint8Array(length).fill(index))
    }),
  )
  await node.flush()
  await user.detach()
  assert.deepEqual(new Uint8Array(fs.readFileSync(image)), bytes)
})
