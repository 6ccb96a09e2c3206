/** The parallel port, register by register, and what it prints, beside QEMU's. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { qemu } from './programs.ts'
import { answersOfBoth } from './terminal.ts'

const hex = (value: number): string => `0x${value.toString(16)}`

/** An access to a register of LPT1 or LPT2: control with the strobe, the data and the status more often than others. */
const accesses = fc.record({
  port: fc.tuple(fc.constantFrom(0x378, 0x278), fc.constantFrom(0, 0, 1, 1, 2, 2, 2, 3, 7)).map(([at, by]) => at + by),
  value: fc.option(fc.oneof(fc.integer({ min: 0, max: 127 }), fc.constantFrom(0x0c, 0x0d, 0x1c, 0x1d, 0x2c, 0x08))),
  width: fc.constantFrom('b', 'b', 'b', 'b', 'h', 'w'),
})

describe('the parallel port', { skip: qemu.skip }, () => {
  test('has the registers of QEMU’s, and prints what that prints', { timeout: 300_000 }, async () => {
    const drawn = fc.sample(fc.array(accesses, { minLength: 400, maxLength: 400 }), { numRuns: 1, seed: 20 })[0]!
    const lines = drawn.map(({ port, value, width }) =>
      value === null ? `i /${width} ${hex(port)}` : `o /${width} ${hex(port)} ${hex(value)}`,
    )
    const backends = ['r', 's'].flatMap((id) => [
      '-chardev',
      `ringbuf,id=${id},size=1024`,
      '-parallel',
      `chardev:${id}`,
    ])
    const [theirs, ours] = await answersOfBoth(
      [...lines, 'ringbuf_read r 1024', 'ringbuf_read s 1024'],
      ['-nodefaults', ...backends],
    )
    assert.ok(
      theirs.slice(-2).every((text) => text.length > '\r\n(qemu) '.length),
      'each has printed',
    )
    assert.deepEqual(ours, theirs)
  })
})
