import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DeviceBench } from '../device-bench.ts'
import { guest } from './guest.ts'

const base = 0x2000

/** A port of which the guest has put the registers at 2000h. */
function serialPort() {
  const bench = new DeviceBench(guest, { prog_if: 2 }, { bus: 'PCI', slot: 5, function: 0 })
  const { bus, device, said } = bench
  bus.configure(0, 0x10, 4, base)
  bus.configure(0, 0x04, 2, 1)
  return {
    ...{ bench, device, said },
    read: (register: number) => bus.readPort(base + register, 1),
    write: (register: number, value: number) => bus.writePort(base + register, 1, value),
    interrupted: () => bus.assertedFunctions.size > 0,
    come: (text: string) => device.receive!({ bytes: Buffer.from(text) }),
  }
}

describe('a serial port on the PCI bus', () => {
  it('is what QEMU has there', () => {
    const { bench } = serialPort()
    const [{ vendorId, deviceId, classCode, regions }] = bench.bus.functions() as [
      ReturnType<typeof bench.bus.functions>[0],
    ]
    assert.deepEqual([vendorId, deviceId, classCode], [0x1b36, 2, 0x0700])
    assert.deepEqual(regions, [{ bar: 0, kind: 'io', size: 8, prefetchable: false, wide: false, address: base }])
  })

  it('sends what the guest writes, together, and tells it that there is room again', () => {
    const { device, said, read, write, interrupted } = serialPort()
    write(1, 0x02)
    assert.ok(interrupted(), 'there is room from the start')
    assert.equal(read(2), 0x02)
    assert.ok(!interrupted(), 'it has been told')
    for (const byte of Buffer.from('hello')) write(0, byte)
    assert.ok(interrupted())
    device.settle!()
    assert.deepEqual(said, [{ bytes: Uint8Array.from(Buffer.from('hello')) }])
    assert.equal(read(5), 0x60)
  })

  it('gives what comes byte by byte, and asks for more when all of it has been read', () => {
    const { said, read, write, interrupted, come } = serialPort()
    write(2, 0x81) // FIFO on, told of 8 bytes
    write(1, 0x01)
    come('abc')
    assert.ok(interrupted())
    assert.equal(read(2), 0xcc, 'a few')
    come('defgh')
    assert.equal(read(2), 0xc4, 'enough')
    let text = ''
    while (read(5) & 1) text += String.fromCharCode(read(0))
    assert.equal(text, 'abcdefgh')
    assert.ok(!interrupted())
    assert.deepEqual(said, [{ count: 1 }])
    assert.equal(read(0), 0)
  })

  it('keeps divisor and scratch register, and hears itself in a loop', () => {
    const { said, device, read, write } = serialPort()
    write(3, 0x83)
    write(0, 0x01)
    write(1, 0x02)
    assert.deepEqual([read(0), read(1)], [1, 2])
    write(3, 0x03)
    write(7, 0x5a)
    assert.deepEqual([read(7), read(1), read(3)], [0x5a, 0, 3])
    assert.equal(read(6), 0xb0)
    write(4, 0x1a)
    assert.equal(read(6), 0x90)
    write(0, 0x41)
    assert.deepEqual([read(0), read(5) & 1], [0x41, 0])
    device.settle!()
    assert.deepEqual(said, [])
  })

  it('lets a guest wait that sends more than is taken', () => {
    const { bench, device, write } = serialPort()
    for (let count = 0; count <= 64 << 10; count++) write(0, 0x20)
    assert.equal(bench.holds, 1)
    device.receive!({ count: 64 })
    assert.equal(bench.holds, 0)
  })

  it('goes on after a restore with what was not read', () => {
    const [one, other] = [serialPort(), serialPort()]
    one.write(1, 0x01)
    one.come('xyz')
    other.device.restore!(JSON.parse(JSON.stringify(one.device.save!())))
    assert.ok(other.interrupted())
    assert.deepEqual(
      [0, 0, 0].map(() => other.read(0)),
      [...Buffer.from('xyz')],
    )
    assert.ok(!other.interrupted())
    one.device.reset!()
    assert.deepEqual([one.read(1), one.interrupted(), one.read(5) & 1], [0, false, 1])
  })

  it('stands whatever a guest writes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(255), fc.boolean())), (accesses) => {
        const { read, write, come } = serialPort()
        for (const [register, value, writes] of accesses) {
          if (register > 7) come('ab')
          else if (writes) write(register, value)
          else assert.ok(read(register) <= 0xff)
        }
      }),
      { numRuns: 200, seed: 7 },
    )
  })
})
