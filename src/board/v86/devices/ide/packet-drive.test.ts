import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DmaMemory } from '../../memory/dma-memory.ts'
import { RemoteDisk } from '../../thread/remote-disk.ts'
import { BusMaster } from './bus-master.ts'
import { PacketDrive } from './packet-drive.ts'

const nothing = async (): Promise<never> => {
  throw new Error('no request is expected')
}
const zeroes = async (_id: number, _offset: number, length: number): Promise<Uint8Array> => new Uint8Array(length)
const disc = () =>
  new RemoteDisk(
    { id: 1, byteLength: 1 << 20, readOnly: true },
    { read: zeroes, peek: zeroes, write: nothing, flush: nothing, discard: nothing },
  )

/** A drive whose tray moves whenever the guest wants it. */
function drive(disk = disc()): PacketDrive {
  const lines = { busMaster: new BusMaster(new DmaMemory({} as never)), interrupt: () => undefined }
  const made = new PacketDrive(disk, { model: 'QEMU DVD-ROM', serial: 'QM00003' }, lines, async () => true)
  made.reset()
  return made
}

/** Sends a packet, and takes the bytes of its answer. */
async function send(one: PacketDrive, ...bytes: readonly number[]): Promise<number[]> {
  one.registers.cylinderLow = 0xfe
  one.registers.cylinderHigh = 0xff
  one.command(0xa0)
  for (let at = 0; at < 12; at += 2) one.writeData(2, (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8))
  while (one.registers.status & 0x80) await new Promise((resolve) => setImmediate(resolve))
  const words: number[] = []
  while (one.registers.status & 8) words.push(one.readData(2))
  return [...new Uint8Array(Uint16Array.from(words).buffer)]
}

const capabilities = (one: PacketDrive) => send(one, 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 30)
const mediaEvent = (one: PacketDrive) => send(one, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8)
const isLocked = async (one: PacketDrive): Promise<boolean> => ((await capabilities(one))[14]! & 2) !== 0

test('a saved drive knows that its tray is locked, that somebody wants to eject, and what failed last', async () => {
  const before = drive()
  await send(before, 0x1e, 0, 0, 0, 1)
  await send(before, 0xff)
  before.requestEject()
  const state = JSON.parse(JSON.stringify(before.getState()))
  const after = drive()
  after.setState(state)
  assert.equal(await isLocked(after), true)
  assert.equal((await mediaEvent(after))[4], 1, 'the eject button has been pressed')
  assert.equal((await mediaEvent(after))[4], 0, 'and is told of once')
  const sense = await send(after, 0x03, 0, 0, 0, 18)
  assert.deepEqual([sense[2], sense[12]], [5, 0x20])
  await send(after, 0x1b, 0, 0, 0, 2)
  assert.deepEqual([after.trayOpen, after.registers.error >> 4], [false, 2], 'a locked tray stays closed')
})

test('a drive that is saved within a transfer goes on behind the bytes that the guest has', async () => {
  const before = drive()
  before.registers.cylinderLow = 0xfe
  before.registers.cylinderHigh = 0xff
  before.command(0xa0)
  for (const word of [0x0012, 0, 36, 0, 0, 0]) before.writeData(2, word)
  const first = [1, 2, 3].map(() => before.readData(2))
  const after = drive()
  after.setState(JSON.parse(JSON.stringify(before.getState())))
  const rest: number[] = []
  while (after.registers.status & 8) rest.push(after.readData(2))
  const text = Buffer.from(Uint16Array.from([...first, ...rest]).buffer).toString('latin1')
  assert.equal(text.slice(8), `QEMU    ${'QEMU DVD-ROM'.padEnd(16)}2.5+`)
  assert.equal(after.registers.status, 0x50)
})

test('a reset by the guest unlocks a tray and closes it before the drive answers again', async () => {
  const moves: string[] = []
  const lines = { busMaster: new BusMaster(new DmaMemory({} as never)), interrupt: () => undefined }
  const one = new PacketDrive(disc(), { model: '', serial: '' }, lines, async (move) => {
    moves.push(move)
    return true
  })
  one.reset()
  await send(one, 0x1b, 0, 0, 0, 2)
  await send(one, 0x1e, 0, 0, 0, 1)
  one.resetByGuest()
  assert.equal(one.registers.status, 0x80)
  while (one.registers.status & 0x80) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(moves, ['open', 'lock', 'unlock', 'close'])
  assert.deepEqual([one.registers.status, one.registers.error, one.trayOpen, one.locked], [0, 1, false, false])
})
