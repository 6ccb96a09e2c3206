import assert from 'node:assert/strict'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, mock, test } from 'node:test'
import { FileHandle } from './file-handle.ts'

const folder = fs.mkdtempSync(join(tmpdir(), 'vmon-handle-'))
const path = join(folder, 'image')
after(() => fs.rmSync(folder, { recursive: true }))
afterEach(() => {
  mock.restoreAll()
  syncBuiltinESMExports()
})

type Call = 'open' | 'statfs' | 'read' | 'write' | 'fdatasync' | 'ftruncate' | 'close'

/** Puts something between the handle and one call of the system. */
function intercept(call: Call, wrap: (original: (...args: any[]) => void) => (...args: any[]) => void): void {
  const original = fs[call] as (...args: any[]) => void
  mock.method(fs, call, wrap(original))
  syncBuiltinESMExports()
}

function failing(code: string): () => (...args: any[]) => void {
  return () =>
    (...args) => {
      const done = args.at(-1) as (error: Error) => void
      setImmediate(() => done(Object.assign(new Error(`${code}: told so`), { code })))
    }
}

/** A handle that does nothing at once, without the calls that are watched: nobody knows what file system this is. */
async function open(bytes: Uint8Array): Promise<FileHandle> {
  fs.writeFileSync(path, bytes)
  intercept('statfs', failing('ENOSYS'))
  return FileHandle.open(path, { writable: true })
}

const pattern = Uint8Array.from({ length: 5000 }, (_, index) => index % 251)

test('a system that reads and writes less than asked for is asked again until all is done', async () => {
  const handle = await open(new Uint8Array(pattern.length))
  for (const call of ['read', 'write'] as const) {
    intercept(call, (original) => (fd, buffer, offset, length, position, done) => {
      original(fd, buffer, offset, Math.min(length, 7), position, done)
    })
  }
  await handle.write(0, pattern)
  const target = new Uint8Array(pattern.length)
  await handle.readInto(0, target)
  assert.deepEqual(target, pattern)
  assert.deepEqual(new Uint8Array(fs.readFileSync(path)), pattern)
  await handle.close()
})

test('what lies beyond the end of the file reads as zeroes', async () => {
  const handle = await open(pattern.subarray(0, 100))
  const target = new Uint8Array(300).fill(0xff)
  await handle.readInto(50, target)
  assert.deepEqual(target.subarray(0, 50), pattern.subarray(50, 100))
  assert.deepEqual(target.subarray(50), new Uint8Array(250))
  await handle.close()
})

for (const [call, code, kind, message] of [
  ['read', 'EIO', 'io', 'Input/output error'],
  ['write', 'EIO', 'io', 'Input/output error'],
  ['write', 'ENOSPC', 'no-space', 'No space left on device'],
  ['fdatasync', 'EIO', 'io', 'Input/output error'],
  ['ftruncate', 'EDQUOT', 'no-space', 'Disk quota exceeded'],
] as const) {
  test(`${code} of ${call} becomes an error of kind ${kind}, and the handle goes on`, async () => {
    const handle = await open(pattern)
    intercept(call, failing(code))
    const request = {
      read: () => handle.readInto(0, new Uint8Array(10)),
      write: () => handle.write(0, new Uint8Array(10)),
      fdatasync: () => handle.datasync(),
      ftruncate: () => handle.truncate(1),
    }[call]
    await assert.rejects(request(), { name: 'BlockError', kind, message, context: { filename: path, code } })
    mock.restoreAll()
    syncBuiltinESMExports()
    await request()
    await handle.close()
  })
}

test('a file that cannot be opened is named with the reason', async () => {
  intercept('open', failing('EACCES'))
  await assert.rejects(FileHandle.open('secret.raw', { writable: false }), {
    kind: 'permission',
    message: "Could not open 'secret.raw': Permission denied",
  })
})

test('the descriptor is closed only when nothing runs on it any more', async () => {
  const handle = await open(pattern)
  const order: string[] = []
  let finish = (): void => undefined
  intercept('read', (original) => (...args) => {
    const done = args.pop() as (...results: unknown[]) => void
    finish = () =>
      original(...args, (...results: unknown[]) => {
        order.push('read')
        done(...results)
      })
  })
  intercept('close', (original) => (...args) => {
    order.push('close')
    original(...args)
  })
  const target = new Uint8Array(10)
  const reading = handle.readInto(0, target)
  const closing = handle.close()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(order, [])
  finish()
  await Promise.all([reading, closing])
  assert.deepEqual(order, ['read', 'close'])
  assert.deepEqual(target, pattern.subarray(0, 10))
})

test('a path that leads to another file by now is not opened again', async () => {
  const handle = await open(pattern)
  fs.renameSync(path, `${path}.old`)
  fs.writeFileSync(path, 'somebody else')
  await assert.rejects(handle.reopen({ writable: true }), {
    kind: 'invalid',
    message: `'${path}' has been replaced by another file`,
  })
  await handle.close()
})
