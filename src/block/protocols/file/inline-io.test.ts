import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { loadLibc } from '../../../libc/index.ts'
import { InlineIo, turnBudget } from './inline-io.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-inline-'))
const path = join(folder, 'disk')
writeFileSync(path, Buffer.alloc(65536, 7))
const fd = openSync(path, 'r+')
const here = statfsSync(path).type
const ext4 = 0xef53
const nfs = 0x6969
after(() => {
  closeSync(fd)
  rmSync(folder, { recursive: true })
})
beforeEach(() => turnBudget.renew())

test('what the page cache holds is read at once', { skip: loadLibc() === undefined && 'no koffi here' }, () => {
  const target = Buffer.alloc(4096 + 3)
  assert.equal(InlineIo.for(fd, here).read(1000, target.subarray(3)), 4096)
  assert.deepEqual(target, Buffer.concat([Buffer.alloc(3), Buffer.alloc(4096, 7)]))
  assert.equal(InlineIo.for(fd, here).read(65536 - 100, target), 100, 'up to the end of the file')
})

test('the event loop gets its turn: a thread takes what is too much for one', () => {
  const io = InlineIo.for(fd, ext4, () => 0)
  const bytes = Buffer.alloc(512, 9)
  let written = 0
  while (written < 100_000 && io.write(0, bytes) > 0) written++
  assert.ok(written > 0 && written < 100_000, String(written))
  turnBudget.renew()
  assert.equal(io.write(0, bytes), 512)
  assert.equal(io.write(0, Buffer.alloc(2 ** 20)), 0, 'long requests are for threads')
})

test('writes that the system has held up are followed by a while without; one may have lost the processor', () => {
  const times = [0, 5, 10, 12, 20, 25, 30, 35, 40, 45, 100, 544, 545, 545]
  const io = InlineIo.for(fd, ext4, () => times.shift()!)
  const bytes = Buffer.alloc(512, 3)
  assert.equal(io.write(0, bytes), 512, 'from 0 to 5 ms')
  assert.equal(io.write(0, bytes), 512, 'from 10 to 12 ms')
  for (const begin of [20, 30, 40]) assert.equal(io.write(0, bytes), 512, `from ${begin} ms on for 5 ms`)
  assert.equal(io.write(512, bytes), 0, 'at 100 ms')
  assert.equal(io.write(512, bytes), 0, 'at 544 ms')
  assert.equal(io.write(1024, bytes), 512, 'at 545 ms')
  assert.deepEqual([...readFileSync(path).subarray(0, 2048)].filter((_, at) => at % 512 === 0).slice(0, 3), [3, 7, 3])
})

test('a write that has been held up for long is followed by a while without at once', () => {
  const times = [0, 60, 61]
  const io = InlineIo.for(fd, ext4, () => times.shift()!)
  assert.equal(io.write(0, Buffer.alloc(512, 3)), 512)
  assert.equal(io.write(0, Buffer.alloc(512, 3)), 0, 'at 61 ms')
})

test('nothing is written at once that may have to go to another machine, or that fails', () => {
  assert.equal(InlineIo.for(fd, nfs).write(0, Buffer.alloc(512)), 0)
  const readable = openSync(path, 'r')
  assert.equal(InlineIo.for(readable, ext4).write(0, Buffer.alloc(512)), 0)
  closeSync(readable)
})
