import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadLibc } from './index.ts'

const libc = loadLibc()
const skip = libc === undefined && 'the optional package koffi is missing'

test('functions of the C library are called, and their errors are told as Node tells its own', { skip }, () => {
  assert.equal(libc!.func('int getpid()')(), process.pid)
  assert.equal(libc!.func('int close(int fd)')(-1), -1)
  assert.equal(libc!.errno(), 9)
  const told = { message: 'close: Bad file descriptor', code: 'EBADF', errno: -9, syscall: 'close' }
  assert.throws(() => {
    throw libc!.error('close')
  }, told)
  assert.equal(loadLibc(), libc)
})

test('an address is where the memory is', { skip }, () => {
  const memory = new ArrayBuffer(64)
  const copy = new Uint8Array(64)
  new Uint8Array(memory).fill(7)
  libc!.func('void *memcpy(void *to, uintptr_t from, size_t size)')(copy, libc!.address(memory), 64)
  assert.deepEqual(copy, new Uint8Array(64).fill(7))
})
