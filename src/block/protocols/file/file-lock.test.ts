import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import { BlockError, connectPcDrives, DriveSet, driveFromOptions } from '../../index.ts'
import { loadByteLocks } from './byte-locks.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-locks-'))
const image = join(folder, 'disk.raw')
const pc = { vga: false, serialPorts: 0, parallelPorts: 0, networkCards: 0 }
const noLocks = loadByteLocks() === undefined && 'the optional package koffi is missing, or this is no 64-bit Linux'

beforeEach(() => writeFileSync(image, new Uint8Array(1474560)))
after(() => rmSync(folder, { recursive: true }))

async function hold(options: string): Promise<DriveSet> {
  const drives = new DriveSet()
  try {
    const values = Object.fromEntries(options.split(',').map((part) => part.split('=')))
    await drives.add(driveFromOptions({ file: image, format: 'raw', ...values }))
    await connectPcDrives(drives, pc)
  } catch (error) {
    await drives.close()
    throw error
  }
  return drives
}

/** The ranges that this system's list of locks shows for the image. */
function lockedRanges(): string[] {
  const { ino } = statSync(image)
  const lines = readFileSync('/proc/locks', 'latin1').split('\n')
  return lines
    .filter((line) => line.includes(`:${ino} `))
    .map((line) => line.split(' ').slice(-2).join('-'))
    .sort()
}

const writeLock = refusal('Failed to get "write" lock')
const sharedWriteLock = refusal('Failed to get shared "write" lock')

function refusal(message: string) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof BlockError)
    const { kind, context } = error
    assert.deepEqual(
      [kind, error.message, context.hint],
      ['locked', message, `Is another process using the image [${image}]?`],
    )
    return true
  }
}

/** What QEMU 7.2 locks for the same drives. */
const ranges = [
  ['if=ide', ['100-101', '201-201']],
  ['media=cdrom', ['100-100', '201-201', '203-203']],
  ['if=floppy', ['100-101', '201-201', '203-203']],
  ['if=floppy,readonly=on', ['100-100', '201-201', '203-203']],
  ['if=ide,file.locking=off', []],
] as const

for (const [options, expected] of ranges) {
  test(`a drive locks the bytes that QEMU locks: ${options}`, { skip: noLocks }, async () => {
    const drives = await hold(options)
    assert.deepEqual(lockedRanges(), [...expected])
    await drives.close()
    assert.deepEqual(lockedRanges(), [])
  })
}

test('a second writer in this process is refused, and the first goes on', { skip: noLocks }, async () => {
  const drives = await hold('if=ide')
  await assert.rejects(hold('if=ide'), writeLock)
  await assert.rejects(hold('media=cdrom'), sharedWriteLock)
  await [...drives][0]!.medium!.write(0, new Uint8Array(512).fill(1))
  await drives.close()
  assert.equal(readFileSync(image)[0], 1)
  await (await hold('if=ide')).close()
})

test('readers share an image', { skip: noLocks }, async () => {
  const readers = [await hold('media=cdrom'), await hold('media=cdrom')]
  await assert.rejects(hold('if=ide'), writeLock)
  for (const drives of readers) await drives.close()
})

test('a writer in another process of ours is refused', { skip: noLocks }, async () => {
  const script = `
    import { DriveSet, driveFromOptions, connectPcDrives } from ${JSON.stringify(new URL('../../index.js', import.meta.url))}
    const drives = new DriveSet()
    await drives.add(driveFromOptions({ file: ${JSON.stringify(image)}, format: 'raw' }))
    await connectPcDrives(drives, ${JSON.stringify(pc)})
    console.log('held')
    setInterval(() => undefined, 1000)`
  const other = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(other.stdout, 'data')
    await assert.rejects(hold('if=ide'), writeLock)
  } finally {
    await ended(other)
  }
  await (await hold('if=ide')).close()
})

test('an image that QEMU uses is refused', { skip: noLocks || missingProgram('qemu-system-i386') }, async () => {
  const drive = ['-drive', `file=${image},format=raw`]
  const qemu = spawn('qemu-system-i386', ['-S', '-nodefaults', '-display', 'none', '-qmp', 'stdio', ...drive], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    // The greeting comes before the drives are open, the first answer after.
    qemu.stdin.write('{"execute": "qmp_capabilities"}')
    let said = ''
    for await (const chunk of qemu.stdout.iterator({ destroyOnReturn: false })) {
      said += chunk
      if (said.includes('"return"')) break
    }
    await assert.rejects(hold('if=ide'), writeLock)
    await assert.rejects(hold('media=cdrom'), sharedWriteLock)
    await (await hold('if=ide,file.locking=off')).close()
  } finally {
    await ended(qemu)
  }
  await (await hold('if=ide')).close()
})

test("QEMU's tools refuse an image that we write", { skip: noLocks || missingProgram('qemu-img') }, async () => {
  const drives = await hold('if=ide')
  const refused = await qemuImgResize()
  assert.match(refused, /Failed to get "write" lock\nIs another process using the image/)
  await drives.close()
  assert.equal(await qemuImgResize(), '')
})

function qemuImgResize(): Promise<string> {
  return new Promise((resolve) =>
    execFile('qemu-img', ['resize', '-f', 'raw', image, '+512'], (_error, _out, err) => resolve(err)),
  )
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
