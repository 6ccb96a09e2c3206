import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { QtestRefusal, readQtestCommand } from './command.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values)

function refusalOf(line: string): string {
  try {
    readQtestCommand(line)
  } catch (error) {
    if (error instanceof QtestRefusal) return `${error.kind} ${error.message}`
    throw error
  }
  return 'taken'
}

test('reads each verb, with numbers in every notation of C', () => {
  assert.deepEqual(readQtestCommand('inb 0x70'), { verb: 'in', port: 0x70, size: 1 })
  assert.deepEqual(readQtestCommand('inl 070'), { verb: 'in', port: 56, size: 4 })
  assert.deepEqual(readQtestCommand('outb 112 0x1ff'), { verb: 'out', port: 112, size: 1, value: 0xff })
  assert.deepEqual(readQtestCommand('outl 0xcf8 -1'), { verb: 'out', port: 0xcf8, size: 4, value: 0xffffffff })
  assert.deepEqual(readQtestCommand('readq 0xffffffffffffffff'), { verb: 'load', address: 2n ** 64n - 1n, size: 8 })
  assert.deepEqual(readQtestCommand('writew 0x10 0x12345'), {
    verb: 'store',
    address: 16n,
    bytes: bytes(0x45, 0x23),
  })
  assert.deepEqual(readQtestCommand('memset 0x10 3 0x1ff'), { verb: 'fill', address: 16n, length: 3, value: 0xff })
  assert.deepEqual(readQtestCommand('b64read 1 0'), { verb: 'read', address: 1n, length: 0, encoding: 'base64' })
  assert.deepEqual(readQtestCommand('clock_step'), { verb: 'step', by: undefined })
  assert.deepEqual(readQtestCommand('clock_step -5'), { verb: 'step', by: -5n })
  assert.deepEqual(readQtestCommand('clock_set 9007199254740993'), { verb: 'set-clock', to: 9007199254740993n })
  assert.deepEqual(readQtestCommand('set_irq_in ioapic unnamed-gpio-in 5 1'), {
    verb: 'set-interrupt',
    path: 'ioapic',
    line: 5,
    asserted: true,
  })
  assert.deepEqual(readQtestCommand('endianness and more'), { verb: 'endianness' })
})

test('bytes end with zeros where digits end, and with what was said where base64 ends', () => {
  assert.deepEqual(readQtestCommand('write 0 4 0x0a0bx'), { verb: 'write', address: 0n, bytes: bytes(10, 11, 0, 0) })
  // A character that is no digit counts as -1.
  assert.deepEqual(readQtestCommand('write 0 1 0xg1'), { verb: 'write', address: 0n, bytes: bytes(0xf1) })
  assert.deepEqual(readQtestCommand('b64write 0 3 AQID'), { verb: 'write', address: 0n, bytes: bytes(1, 2, 3) })
  assert.deepEqual(readQtestCommand('b64write 0 4 AQID'), {
    verb: 'write',
    address: 0n,
    bytes: bytes(1, 2, 3),
    note: 'b64write: data length mismatch (told 4, found 3)\n',
  })
})

test('refuses what QEMU refuses, and what would end it', () => {
  assert.equal(refusalOf('nonsense 1 2'), "FAIL Unknown command 'nonsense'")
  assert.equal(refusalOf('rtas x'), "FAIL Unknown command 'rtas'")
  assert.equal(refusalOf('write 0 1 0x'), 'ERR invalid argument size')
  for (const line of [
    '',
    'inb',
    'inb 0x10000',
    'inb x',
    'outb 1',
    'read 0 0',
    'read 0 99999999999',
    'clock_set',
    'readb -',
  ])
    assert.match(refusalOf(line), /^FAIL /, line)
})

test('no line does anything but be read or be refused', () => {
  const verbs = 'inb outl readq writew read write b64read b64write memset clock_step clock_set set_irq_in'.split(' ')
  const word = fc.oneof(fc.string(), fc.constantFrom(...verbs, '0x10', '-1', '0xffffffffffffffff', ''))
  fc.assert(
    fc.property(fc.array(word), (words) => {
      refusalOf(words.join(' '))
    }),
  )
})
