/** Transfers by tables that no driver would make. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  awaitBit,
  awaitClear,
  forever,
  in8,
  out8,
  out8From,
  out32,
  out32From,
  outWordsFrom,
  receive,
  sendAl,
} from '../../../../../test/guests/bios-guest.ts'
import { guestBoard } from '../../../../../test/guests/guest-board.ts'
import type { BoardWitness } from '../../../board-witness.ts'
import type { V86Board } from '../../host.ts'

const timeout = 60_000
const ramBytes = 2 << 20
const diskBytes = 1 << 20
/** The guest's bus master: command, status, address of the table. */
const busMaster = 0xc000
const [primary, secondary] = [0x1f0, 0x170]
/** Where the test leaves for the guest what it is to do: eight registers of the channel, the table's address, the direction. */
const orders = 0x7000
const packet = 0x7010
const table = 0x8000
const [readDma, writeDma, readDmaExt, writeDmaExt] = [0xc8, 0xca, 0x25, 0x35]
/** Direction bits of the bus master's command: from the device, to the device. */
const [fromDevice, toDevice] = [8, 0]
const [interrupted, active] = [4, 1]
/** What a drive's status is behind a transfer. */
const ready = 0x50

/** Firmware's part: the bus master's ports answer, and may reach memory. Interrupts of the drives are on. */
const enableIde = [
  ...[...out32(0xcf8, 0x80000920), ...out32(0xcfc, busMaster)],
  ...[...out32(0xcf8, 0x80000904), ...out8(0xcfc, 5)],
  ...[...out8(0x3f6, 0), ...out8(0x376, 0)],
]

/** On each byte from the host, does a transfer with the hard disk; answers with the bus master's and the drive's status. */
const disk = forever(
  ...[...receive, ...out8(busMaster, 0), ...out8(busMaster + 2, 6), ...out32From(busMaster + 4, orders + 8)],
  ...[6, 2, 3, 4, 5].flatMap((register) => [
    ...out8From(primary + register, orders + 16 + register), // the high byte of each, where a command has one
    ...out8From(primary + register, orders + register),
  ]),
  ...out8From(primary + 7, orders + 7),
  ...[...out8From(busMaster, orders + 12), ...awaitClear(primary + 7, 0x88)],
  ...[...in8(busMaster + 2), ...sendAl, ...in8(primary + 7), ...sendAl],
)

interface Transfer {
  readonly command: number
  readonly sector: number
  readonly count: number
  readonly regions: readonly { readonly address: number; readonly length: number; readonly last?: boolean }[]
  readonly tableAt?: number
}

/** A board with a disk whose bytes tell of their place, and a guest that does transfers. */
async function diskBoard(t: TestContext) {
  const image = Uint8Array.from({ length: diskBytes }, (_, at) => at ^ (at >> 9))
  const medium = {
    ...{ byteLength: diskBytes, readOnly: false },
    read: async (offset: number, length: number) => image.slice(offset, offset + length),
    write: async (offset: number, bytes: Uint8Array) => image.set(bytes, offset),
    flush: async () => undefined,
  }
  const slot = { bus: 'ide', channel: 0, unit: 0 } as const
  const drives = [{ slot, kind: 'disk', medium }] as const
  const { board, witness } = await guestBoard(t, [...enableIde, ...disk], { drives, ramBytes })
  await board.resume()
  return { board, image, transfer: (what: Transfer) => transfer(board, witness, what) }
}

/** Has the guest do a transfer; returns the bus master's status and the drive's. */
async function transfer(board: V86Board, witness: BoardWitness, what: Transfer): Promise<[number, number]> {
  const { command, sector, count, regions, tableAt = table } = what
  const order = new DataView(new ArrayBuffer(24))
  const direction = command === readDma || command === readDmaExt ? fromDevice : toDevice
  for (const [register, value] of [0, 0, count, sector, sector >> 8, sector >> 16, 0xe0, command].entries())
    order.setUint8(register, value)
  order.setUint8(16 + 2, count >> 8)
  order.setUint8(16 + 6, 0xe0)
  order.setUint32(8, tableAt, true)
  order.setUint8(12, direction | 1)
  await board.writePhysical(orders, new Uint8Array(order.buffer))
  const rows = new DataView(new ArrayBuffer(8 * regions.length))
  for (const [index, { address, length, last }] of regions.entries()) {
    rows.setUint32(8 * index, address, true)
    rows.setUint16(8 * index + 4, length, true)
    rows.setUint8(8 * index + 7, last ? 0x80 : 0)
  }
  await board.writePhysical(table, new Uint8Array(rows.buffer))
  const before = witness.received
  await board.serial[0]!.write(Uint8Array.of(1))
  const heard = await witness.heard(before + 2)
  assert.deepEqual(witness.notices, [])
  return [heard[before]!, heard[before + 1]!]
}

test('a transfer goes by the table of memory regions, and no further', { timeout }, async (t) => {
  const { board, image, transfer } = await diskBoard(t)
  /** The table goes on behind the transfer: then the bus master is still at work, as QEMU's is. */
  const good = [interrupted | active, ready]
  const exact = [interrupted, ready]
  const memory = (address: number, length: number) => board.readPhysical(address, length)
  const sectors = (sector: number, count: number) => image.slice(sector * 512, (sector + count) * 512)
  await t.test('reading into two regions', async () => {
    const regions = [
      { address: 0x20000, length: 1000 },
      { address: 0x30000, length: 0, last: true },
    ]
    assert.deepEqual(await transfer({ command: readDma, sector: 3, count: 4, regions }), good)
    const read = Buffer.concat([await memory(0x20000, 1000), await memory(0x30000, 1048)])
    assert.deepEqual(read, Buffer.from(sectors(3, 4)))
    assert.deepEqual(await memory(0x30000 + 1048, 512), new Uint8Array(512), 'not what is behind the transfer')
  })
  await t.test('a table without an end, and one whose regions are not in memory', async () => {
    const endless = Array.from({ length: 4 }, (_, index) => ({ address: 0x40000 + index * 0x400, length: 0x400 }))
    assert.deepEqual(await transfer({ command: readDma, sector: 9, count: 8, regions: endless }), good)
    assert.deepEqual(await memory(0x40000, 4096), sectors(9, 8))
    const nowhere = [
      { address: 0xfffff000, length: 0x800 },
      { address: ramBytes - 512, length: 0x800, last: true },
    ]
    assert.deepEqual(await transfer({ command: readDma, sector: 9, count: 8, regions: nowhere }), exact)
    assert.deepEqual(await memory(ramBytes - 512, 512), sectors(13, 1))
  })
  await t.test('a table that fits leaves the bus master at rest', async () => {
    const regions = [{ address: 0x20000, length: 1024, last: true }]
    assert.deepEqual(await transfer({ command: readDma, sector: 7, count: 2, regions }), exact)
    assert.deepEqual(await memory(0x20000, 1024), sectors(7, 2))
  })
  await t.test('a table that is too short ends the transfer without an interrupt, and nothing is moved', async () => {
    const regions = [{ address: 0x50000, length: 1024, last: true }]
    assert.deepEqual(await transfer({ command: readDma, sector: 20, count: 8, regions }), [0, ready])
    assert.deepEqual(await memory(0x50000, 1024), new Uint8Array(1024))
    const before = sectors(40, 8)
    assert.deepEqual(await transfer({ command: writeDma, sector: 40, count: 8, regions }), [0, ready])
    assert.deepEqual(sectors(40, 8), before)
  })
  await t.test('a table that is not in memory is zeros: regions at address 0', async () => {
    for (const tableAt of [0xfffffff8, ramBytes - 4, 0x80000000])
      assert.deepEqual(await transfer({ command: readDma, sector: 0, count: 1, regions: [], tableAt }), good)
    assert.deepEqual(await memory(0, 512), sectors(0, 1))
  })
  await t.test('what is written from where there is no memory is zero', async () => {
    const regions = [
      { address: ramBytes - 512, length: 1024 },
      { address: 0xf0000000, length: 512, last: true },
    ]
    assert.deepEqual(await transfer({ command: writeDma, sector: 50, count: 3, regions }), exact)
    assert.deepEqual(sectors(50, 1), await memory(ramBytes - 512, 512))
    assert.deepEqual(sectors(51, 2), new Uint8Array(1024))
  })
})

test('a drive refuses what is not on its disk, whatever the length', { timeout }, async (t) => {
  const { image, transfer } = await diskBoard(t)
  const before = image.slice()
  const regions = [{ address: 0x20000, length: 0, last: true }]
  const long = Array.from({ length: 512 }, () => ({ address: 0x100000, length: 0 }))
  for (const [command, sector, count, regions] of [
    [readDma, diskBytes / 512 - 1, 2, [{ address: 0x20000, length: 0, last: true }]],
    [readDmaExt, 0, 0, long], // 32 MiB
    [writeDma, diskBytes / 512, 1, [{ address: 0x20000, length: 0, last: true }]],
    [writeDmaExt, 0xffffff, 0xffff, long],
  ] as const) {
    const [, status] = await transfer({ command, sector, count, regions })
    assert.equal(status, 0x41, `command ${command.toString(16)} fails`)
  }
  assert.deepEqual(image, before)
  assert.deepEqual(await transfer({ command: readDma, sector: 0, count: 1, regions }), [interrupted | active, ready])
})

/** On each byte from the host, gives the CD drive a packet, and sends its status and its error register. */
const packets = forever(
  ...[...receive, ...out8(secondary + 6, 0xa0), ...out8(secondary + 1, 0)],
  ...[...out8(secondary + 4, 0xfe), ...out8(secondary + 5, 0xff), ...out8(secondary + 7, 0xa0)],
  ...[...awaitBit(secondary + 7, 8), ...outWordsFrom(secondary, packet, 6), ...awaitClear(secondary + 7, 0x80)],
  ...[...in8(secondary + 7), ...sendAl, ...in8(secondary + 1), ...sendAl],
)

test('a CD drive refuses to read what the disc does not have, and reads of much only what is wanted next', {
  timeout,
}, async (t) => {
  let longest = 0
  const medium = {
    ...{ byteLength: 2048 * 0x20000, readOnly: true },
    read: async (_offset: number, length: number) => {
      longest = Math.max(longest, length)
      return new Uint8Array(length)
    },
    write: async () => undefined,
    flush: async () => undefined,
  }
  const drives = [{ slot: { bus: 'ide', channel: 1, unit: 0 }, kind: 'cdrom', medium }] as const
  const { board, witness } = await guestBoard(t, [...enableIde, ...packets], { drives, ramBytes })
  await board.resume()
  const send = async (...bytes: readonly number[]): Promise<[number, number]> => {
    await board.writePhysical(
      packet,
      Uint8Array.from({ length: 12 }, (_, index) => bytes[index] ?? 0),
    )
    const before = witness.received
    await board.serial[0]!.write(Uint8Array.of(1))
    const heard = await witness.heard(before + 2)
    return [heard[before]!, heard[before + 1]!]
  }
  const illegalRequest = 0x50
  const read12 = 0xa8
  for (const at of [
    [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1],
    [0x80, 0, 0, 0, 0, 0, 0, 1],
    [0, 2, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
    [0, 1, 0xff, 0xff, 0, 0, 0, 2],
  ]) {
    const [status, error] = await send(read12, 0, ...at)
    assert.equal(status & 1, 1, `${at}: an error`)
    assert.equal(error & 0xf0, illegalRequest, `${at}: an illegal request`)
  }
  assert.equal(longest <= 2048, true, `nothing long has been read, but ${longest}`)
  assert.deepEqual((await send(read12, 0, 0, 0, 0, 0, 0, 1, 0, 0))[0] & 0x89, 8) // 128 MiB
  assert.equal(longest <= 65536 + 2048, true, `what goes through at once has been read, not ${longest} bytes`)
  assert.deepEqual(witness.notices, [])
})
