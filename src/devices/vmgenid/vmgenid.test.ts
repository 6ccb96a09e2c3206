import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceBench } from '../device-bench.ts'
import { guest } from './guest.ts'

const guid = '324e6eaf-d1d1-4bf6-bf41-b9bb6c91fb87'
/** As it is in memory. */
const bytes = 'af6e4e32d1d1f64bbf41b9bb6c91fb87'
const address = 0x8028

function bench(): DeviceBench {
  return new DeviceBench(guest, { guid }, { bus: 'none' })
}

/** What firmware does with a file that it copies. */
function place({ bus }: DeviceBench): void {
  const [{ pointer, file }] = bus.loaded as [(typeof bus.loaded)[number]]
  const [contents, pointed] = [file, pointer.file].map((name) => bus.files.find((each) => each.name === name)!)
  bus.ram.write(address - pointer.offset, contents!.data)
  assert.equal(pointed!.writable, true)
  new DataView(pointed!.data.buffer).setUint32(0, address, true)
}

test('is not there before the firmware has copied its identifier to memory, and then tells where that is', () => {
  const device = bench()
  const table = (): Buffer => Buffer.from(device.bus.tables[0]!())
  const [before] = [table()]
  assert.equal(before.toString('latin1', 0, 4), 'SSDT')
  assert.equal(before.indexOf(Buffer.from([...Buffer.from('_STA'), 0x0a, 0])) > 0, true)
  place(device)
  assert.equal(Buffer.from(device.bus.ram.read(address, 16)).toString('hex'), bytes)
  assert.equal(table().readUInt32LE(table().indexOf('ADDR') + 9), address)
  assert.equal(table().length, before.length)
  for (const each of [before, table()]) assert.equal(each.reduce((sum, byte) => sum + byte, 0) & 0xff, 0)
})

test('writes its identifier into a state that it goes on from, and tells the guest once', () => {
  const [one, other] = [bench(), bench()]
  place(one)
  one.device.resumed?.()
  assert.deepEqual(one.bus.raised, [])
  other.device.restore?.(JSON.parse(JSON.stringify(one.device.save?.())))
  other.device.resumed?.()
  other.device.resumed?.()
  assert.equal(Buffer.from(other.bus.ram.read(address, 16)).toString('hex'), bytes)
  assert.deepEqual(other.bus.raised, [5])
})

test('writes nothing where the firmware has said no address, or the machine has been reset since', () => {
  const device = bench()
  device.device.restore?.(device.device.save?.())
  device.device.resumed?.()
  place(device)
  device.device.reset?.()
  device.device.restore?.(device.device.save?.())
  device.device.resumed?.()
  assert.deepEqual(device.bus.raised, [])
})

test('bears any address in a state', () => {
  for (const state of [null, [1], Array(8).fill(255), [0xf8, 0xff, 0xff, 0xff, 1, 0, 0, 0]]) {
    const { device } = bench()
    try {
      device.restore?.(state)
    } catch (error) {
      assert.match((error as Error).message, /vmgenid/)
    }
    device.resumed?.()
  }
})
