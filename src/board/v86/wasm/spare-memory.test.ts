import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadLibc } from '../../../libc/index.ts'
import { giveSpareMemoryBack } from './spare-memory.ts'

const skip = loadLibc() === undefined ? 'the C library cannot be called: koffi is not installed' : false

test('memory that the C library keeps goes back when the process has come to rest, and only then', { skip }, (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const libc = loadLibc()!
  const allocate = libc.func('intptr_t malloc(size_t length)')
  const free = libc.func('void free(intptr_t memory)')
  const fill = libc.func('intptr_t memset(intptr_t memory, int byte, size_t length)')
  const end = giveSpareMemoryBack()
  t.mock.timers.tick(2000)
  t.mock.timers.tick(2000) // what was kept before
  // Pieces that are too small to be mapped on their own; the last one keeps the heap from shrinking by itself.
  const pieces = Array.from({ length: 1024 }, () => allocate(64 << 10))
  for (const piece of pieces) fill(piece, 1, 64 << 10)
  for (const piece of pieces.slice(0, -1)) free(piece)
  const before = process.memoryUsage.rss()
  t.mock.timers.tick(2000)
  assert.ok(process.memoryUsage.rss() > before - (8 << 20), 'it has only just grown')
  t.mock.timers.tick(2000)
  assert.ok(process.memoryUsage.rss() < before - (32 << 20))
  end()
  free(pieces.at(-1)!)
})

test('where the system does not tell how much a process has, nothing is done, and nobody is hurt', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const asked = t.mock.method(process.memoryUsage, 'rss', () => {
    throw Object.assign(new Error('ENOENT: no such file or directory, uv_resident_set_memory'), { code: 'ENOENT' })
  })
  const end = giveSpareMemoryBack()
  t.mock.timers.tick(4000)
  assert.equal(asked.mock.callCount(), 2)
  end()
})
