import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { GuestDiscDrive, GuestDrive, HostServices } from '../model.ts'
import { host as cdHost } from '../scsi-cd/host.ts'
import { scsiCd } from '../scsi-cd/model.ts'
import { host as diskHost } from '../scsi-hd/host.ts'
import { scsiHd } from '../scsi-hd/model.ts'
import { defaultsOf, VirtioBench } from '../virtio/virtio-bench.ts'
import { guest } from './guest.ts'
import { host } from './host.ts'
import { virtioScsiPci } from './model.ts'

const queue = { control: 0, events: 1, requests: 2 } as const
const [senseBytes, cdbBytes, headBytes] = [96, 32, 108]

/** A disk in memory. */
function memoryDrive(sectors: number, readOnly = false) {
  const bytes = new Uint8Array(512 * sectors)
  let failing = false
  const drive: GuestDrive & { fail(fails: boolean): void; bytes: Uint8Array } = {
    name: '',
    ...{ byteLength: bytes.length, readOnly, writeback: true, bytes },
    fail: (fails) => {
      failing = fails
    },
    setWriteback: () => undefined,
    read: async (offset, length) => {
      if (failing) throw new Error('the image is damaged')
      return bytes.slice(offset, offset + length)
    },
    write: async (offset, data) => bytes.set(data, offset),
    flush: async () => undefined,
    discard: async (offset, length) => void bytes.fill(0, offset, offset + length),
    writeZeroes: async (offset, length) => void bytes.fill(0, offset, offset + length),
    invalid: () => undefined,
    resized: () => undefined,
  }
  return drive
}

/** A controller whose two sides speak to each other. */
class Controller {
  readonly bench: VirtioBench
  readonly #host = host({ properties: {}, services: {} as HostServices })

  constructor() {
    this.#host.beginning?.()
    this.bench = new VirtioBench(guest, virtioScsiPci)
    this.#host.connected?.({ send: (message) => this.bench.device.receive?.(message) })
    this.bench.said.splice(0)
  }

  addDisk(drive: GuestDrive, place = { 'scsi-id': 0, lun: 0 }) {
    const services = { carrier: () => this.#host.forCarried, drive: () => drive } as HostServices
    return diskHost({ properties: { ...defaultsOf(scsiHd), ...place, serial: 'xyz' }, services })
  }

  addCd(drive: GuestDiscDrive) {
    const services = { carrier: () => this.#host.forCarried, discDrive: () => drive } as HostServices
    return cdHost({ properties: { ...defaultsOf(scsiCd), 'scsi-id': 1, lun: 0 }, services })
  }

  /** Passes on what the guest's side has said, and waits until the host's has answered. */
  async settle(): Promise<void> {
    for (let rounds = 0; rounds < 4; rounds++) {
      for (const message of this.bench.said.splice(0)) this.#host.receive(message)
      await turn()
    }
  }

  /** Runs a command. @returns response, status, sense key and code, and what came */
  async run(cdb: readonly number[], { out = [], room = 0, target = 0, lun = 0 }: Partial<CommandParts> = {}) {
    const header = new Uint8Array(19 + cdbBytes)
    header.set([1, target, 0x40 | (lun >> 8), lun & 0xff])
    header.set(cdb, 19)
    const parts = [header, ...(out.length > 0 ? [Uint8Array.from(out)] : []), headBytes, ...(room > 0 ? [room] : [])]
    const addresses = this.bench.offer(queue.requests, ...parts)
    this.bench.notify(queue.requests)
    await this.settle()
    const [written] = this.bench.used(queue.requests)
    if (written === undefined) return undefined
    const head = this.bench.memory(addresses[out.length > 0 ? 2 : 1]!, headBytes)
    const data = room > 0 ? this.bench.memory(addresses.at(-1)!, written - headBytes) : new Uint8Array(0)
    return { response: head[11]!, status: head[10]!, sense: [head[12 + 2]!, head[12 + 12]!], data }
  }
}

interface CommandParts {
  readonly out: readonly number[]
  readonly room: number
  readonly target: number
  readonly lun: number
}

const testUnitReady = [0x00, 0, 0, 0, 0, 0]
const read10 = (first: number, count: number): number[] => [0x28, 0, 0, 0, 0, first, 0, 0, count, 0]
const write10 = (first: number, count: number): number[] => [0x2a, 0, 0, 0, 0, first, 0, 0, count, 0]

describe('virtio-scsi', () => {
  async function withDisk(drive = memoryDrive(64)) {
    const controller = new Controller()
    const disk = controller.addDisk(drive)
    await controller.run(testUnitReady) // that it has been reset
    return { controller, drive, disk }
  }

  test('says what it can do', () => {
    const { bench } = new Controller()
    const words = [0, 4, 8, 12, 16, 20, 24].map((offset) => bench.config(offset, 4))
    assert.deepEqual(words, [1, 254, 65535, 128, 16, senseBytes, cdbBytes])
    assert.deepEqual([bench.config(30), bench.config(32, 4)], [255, 16383])
  })

  test('tells of a reset first, and then that the disk is there', async () => {
    const controller = new Controller()
    controller.addDisk(memoryDrive(64))
    const first = await controller.run(testUnitReady)
    assert.deepEqual([first?.status, first?.sense], [2, [6, 0x29]])
    assert.equal((await controller.run(testUnitReady))?.status, 0)
  })

  test('writes, reads, and says how large it is', async () => {
    const { controller, drive } = await withDisk()
    const bytes = Array.from({ length: 1024 }, (_, index) => index & 0xff)
    assert.equal((await controller.run(write10(3, 2), { out: bytes }))?.status, 0)
    assert.deepEqual([...drive.bytes.subarray(3 * 512, 5 * 512)], bytes)
    assert.deepEqual([...(await controller.run(read10(3, 2), { room: 1024 }))!.data], bytes)
    const capacity = await controller.run([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], { room: 8 })
    assert.deepEqual([...capacity!.data], [0, 0, 0, 63, 0, 0, 2, 0])
  })

  test('says who it is', async () => {
    const { controller } = await withDisk()
    const said = await controller.run([0x12, 0, 0, 0, 36, 0], { room: 36 })
    assert.equal(Buffer.from(said!.data.subarray(8)).toString(), 'QEMU    QEMU HARDDISK   2.5+')
    const serial = await controller.run([0x12, 1, 0x80, 0, 64, 0], { room: 64 })
    assert.equal(Buffer.from(serial!.data.subarray(4)).toString(), 'xyz')
    const limits = await controller.run([0x12, 1, 0xb0, 0, 64, 0], { room: 64 })
    assert.equal(limits!.data.length, 64)
  })

  test('unmaps, and writes the same', async () => {
    const { controller, drive } = await withDisk()
    drive.bytes.fill(1)
    const list = [0, 22, 0, 16, 0, 0, 0, 0, ...[0, 0, 0, 0, 0, 0, 0, 2], ...[0, 0, 0, 3], 0, 0, 0, 0]
    assert.equal((await controller.run([0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0], { out: list }))?.status, 0)
    assert.deepEqual(
      [1, 2, 4, 5].map((sector) => drive.bytes[sector * 512]),
      [1, 0, 0, 1],
    )
    await controller.run([0x41, 0, 0, 0, 0, 8, 0, 0, 2, 0], { out: new Array<number>(512).fill(7) })
    assert.deepEqual(
      [7, 8, 9, 10].map((sector) => drive.bytes[sector * 512 + 511]),
      [1, 7, 7, 1],
    )
  })

  test('fails what cannot be: in the reason', async () => {
    const { controller, drive } = await withDisk(memoryDrive(64, true))
    const senseOf = async (cdb: readonly number[], parts: Partial<CommandParts> = {}) => {
      const said = await controller.run(cdb, parts)
      return said?.status === 2 ? said.sense : said
    }
    assert.deepEqual(await senseOf([0xff]), [5, 0x20])
    assert.deepEqual(await senseOf(read10(63, 2), { room: 1024 }), [5, 0x21])
    assert.deepEqual(await senseOf(write10(0, 1), { out: new Array<number>(512).fill(1) }), [7, 0x27])
    drive.fail(true)
    assert.deepEqual(await senseOf(read10(0, 1), { room: 512 }), [0xb, 0])
    assert.equal((await controller.run(read10(0, 4), { room: 512 }))?.response, 1)
    assert.equal((await controller.run(testUnitReady, { target: 9 }))?.response, 3)
    assert.deepEqual(await senseOf(testUnitReady, { lun: 5 }), [5, 0x25])
  })

  test('lists the units of a target', async () => {
    const { controller } = await withDisk()
    controller.addDisk(memoryDrive(8), { 'scsi-id': 0, lun: 3 })
    const said = await controller.run([0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0], { room: 64 })
    assert.deepEqual(
      [...said!.data],
      [0, 0, 0, 16, 0, 0, 0, 0, ...[0, 0, 0, 0, 0, 0, 0, 0], ...[0, 3, 0, 0, 0, 0, 0, 0]],
    )
  })

  test('tells of units that come, go and change', async () => {
    const { controller, disk } = await withDisk()
    const rooms = [1, 2].map(() => controller.bench.offer(queue.events, 16)[0]!)
    controller.bench.notify(queue.events)
    // What came before the driver had room has been kept.
    assert.deepEqual(controller.bench.used(queue.events), [16])
    disk.closed?.()
    assert.deepEqual(controller.bench.used(queue.events), [16])
    const words = rooms.map((room) => {
      const view = new DataView(controller.bench.memory(room, 16).buffer)
      return [view.getUint32(0, true), view.getUint8(5), view.getUint32(12, true)]
    })
    assert.deepEqual(words, [
      [1, 0, 1],
      [1, 0, 2],
    ])
  })

  test('answers who manages tasks, when they have ended', async () => {
    const { controller } = await withDisk()
    const header = new Uint8Array(19 + cdbBytes)
    header.set([1, 0, 0x40, 0])
    header.set(read10(0, 1), 19)
    controller.bench.offer(queue.requests, header, headBytes, 512)
    controller.bench.notify(queue.requests)
    const abort = new Uint8Array(24)
    abort.set([1, 0, 0x40, 0], 8)
    const [, room] = controller.bench.offer(queue.control, abort, 1)
    controller.bench.bus.ram.write(room!, Uint8Array.of(99))
    controller.bench.notify(queue.control)
    assert.deepEqual(controller.bench.used(queue.control), [])
    await controller.settle()
    assert.deepEqual([controller.bench.used(queue.control), controller.bench.memory(room!, 1)[0]], [[1], 0])
  })

  test('a CD drive reads, opens, and says that there is another disc', async () => {
    const controller = new Controller()
    const bytes = Uint8Array.from({ length: 4 * 2048 }, (_, index) => index >> 8)
    let [open, heard] = [false, (_present: boolean): void => undefined]
    controller.addCd({
      name: '',
      get disc() {
        return open
          ? undefined
          : { byteLength: bytes.length, read: async (at: number, length: number) => bytes.slice(at, at + length) }
      },
      get trayOpen() {
        return open
      },
      locked: false,
      move: async (move) => {
        open = move === 'open'
        return true
      },
      changed: (hear) => {
        heard = hear
      },
      ejectRequested: () => undefined,
    })
    const run = (cdb: readonly number[], room = 0) => controller.run(cdb, { target: 1, room })
    await run(testUnitReady)
    assert.deepEqual((await run(read10(1, 1), 2048))!.data, bytes.slice(2048, 4096))
    assert.deepEqual((await run(write10(0, 1)))!.sense, [7, 0x27])
    const toc = await run([0x43, 0, 0, 0, 0, 0, 0, 0, 64, 0], 64)
    assert.deepEqual([...toc!.data.subarray(0, 4)], [0, 18, 1, 1])
    await run([0x1b, 0, 0, 0, 2, 0])
    assert.equal(open, true)
    assert.deepEqual((await run(testUnitReady))!.sense, [2, 0x3a])
    open = false
    heard(true)
    assert.deepEqual((await run(testUnitReady))!.sense, [6, 0x28])
    const event = await run([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0], 8)
    assert.deepEqual([...event!.data], [0, 6, 4, 0x10, 2, 2, 0, 0])
    assert.equal((await run(testUnitReady))!.status, 0)
  })

  test('what no driver sends breaks the device, or is harmless', async () => {
    const { controller } = await withDisk()
    const { bench } = controller
    for (const cdb of [
      [0x28],
      [0x88, ...new Array<number>(15).fill(0xff)],
      [0x42, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
      [0x93],
      [0x15, 0, 0, 0, 255],
    ])
      for (const out of [[], [255, 255, 255]]) await controller.run(cdb, { out, room: 16 })
    assert.equal(bench.status, 0x0f)
    bench.offer(queue.requests, new Uint8Array(5), 3)
    bench.notify(queue.requests)
    assert.equal(bench.status & 0x40, 0x40)
    bench.status = 0
    const other = new Controller()
    other.bench.offer(queue.control, new Uint8Array(2), 1)
    other.bench.notify(queue.control)
    assert.equal(other.bench.status & 0x40, 0x40)
    const third = new Controller()
    third.bench.setConfig(24, 0xff)
    third.bench.setConfig(25, 0xff)
    third.bench.offer(queue.requests, new Uint8Array(5), 3)
    third.bench.notify(queue.requests)
    assert.equal(third.bench.status & 0x40, 0x40)
  })
})
