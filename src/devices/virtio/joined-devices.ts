import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DeviceProperties } from '../../board/index.ts'
import { InputHandlers } from '../../input/index.ts'
import type { NetEnd } from '../../net/index.ts'
import type { DeviceEntry, GuestDrive, HostServices } from '../model.ts'
import { host as diskHost } from '../scsi-hd/host.ts'
import { scsiHd } from '../scsi-hd/model.ts'
import { deviceTable } from '../table.ts'
import { host as consoleHost } from '../virtconsole/host.ts'
import { Balloon } from '../virtio-balloon-pci/balloon.ts'
import { control, controlMessage } from '../virtio-serial-pci/control-message.ts'
import { JoinedBench } from './joined-bench.ts'
import { defaultsOf, type Part } from './virtio-bench.ts'

/** What stands behind a device, and what a driver that means well does with it. */
interface Surroundings {
  readonly properties?: DeviceProperties
  readonly services: Partial<HostServices>
  /** The two sides have met; so have its driver and it. */
  begin?(bench: JoinedBench): void
  /** Queues that it looks into when they are notified. */
  readonly asked: readonly number[]
  /** Queues that it looks into when the other side has something for them, and how it gets that. */
  readonly filled?: Readonly<Record<number, (bench: JoinedBench) => void>>
  /** What its driver puts into a queue, so that it comes back. */
  readonly use: { readonly queue: number; readonly parts: readonly (readonly Part[])[] }
  close?(): Promise<void>
}

/** A device with what stands behind it. */
export interface JoinedDevice extends AsyncDisposable {
  readonly bench: JoinedBench
  /** Queues that it looks into. */
  readonly queues: readonly number[]
  /** Has it look into a queue. */
  look(queue: number): void
  /** Does what a driver that means well does. @returns whether all has come back */
  works(): Promise<boolean>
}

const sectorBytes = 512
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text))

function memoryDrive(): GuestDrive {
  const held = new Uint8Array(64 * sectorBytes)
  return {
    ...{ name: '', byteLength: held.length, readOnly: false, writeback: true },
    setWriteback: () => undefined,
    read: async (offset, length) => held.slice(offset, offset + length),
    write: async (offset, data) => held.set(data, offset),
    flush: async () => undefined,
    discard: async (offset, length) => void held.fill(0, offset, offset + length),
    writeZeroes: async (offset, length) => void held.fill(0, offset, offset + length),
    invalid: () => undefined,
    resized: () => undefined,
  }
}

function input(act: (inputs: InputHandlers) => void, count: number): Surroundings {
  const inputs = new InputHandlers()
  const happen = (): void => {
    act(inputs)
    inputs.sync()
  }
  return {
    services: { inputs },
    asked: [1],
    filled: { 0: happen },
    use: { queue: 0, parts: Array.from({ length: count }, () => [8]) },
  }
}

/** By the names of the models. */
const surroundings: Readonly<Record<string, () => Promise<Surroundings>>> = {
  'virtio-9p-pci': async () => {
    const path = await mkdtemp(join(tmpdir(), 'vmon-joined-'))
    const folder = { path, security: 'none', readOnly: false, fileMode: 0o600, folderMode: 0o700 } as const
    const version = Uint8Array.of(21, 0, 0, 0, 100, 0xff, 0xff, 0, 32, 0, 0, 8, 0, ...bytes('9P2000.L'))
    return {
      properties: { mount_tag: 'share' },
      services: { sharedFolder: () => ({ ...folder, writeThrough: false, others: 'warn' }) },
      asked: [0],
      use: { queue: 0, parts: [[version, 64]] },
      close: () => rm(path, { recursive: true }),
    }
  },
  'virtio-balloon-pci': async () => ({
    properties: { 'free-page-reporting': true },
    services: { balloon: new Balloon(1 << 20, () => undefined) },
    asked: [0, 1, 2, 3],
    use: { queue: 0, parts: [[Uint8Array.of(3, 0, 0, 0)]] },
  }),
  'virtio-blk-pci': async () => {
    const drive = memoryDrive()
    return {
      services: { drive: () => drive },
      asked: [0],
      use: { queue: 0, parts: [[new Uint8Array(16), sectorBytes, 1]] },
    }
  },
  'virtio-keyboard-pci': async () => input((inputs) => inputs.send({ type: 'key', key: 30, down: true }), 2),
  'virtio-mouse-pci': async () => input((inputs) => inputs.send({ type: 'rel', axis: 'x', value: 1 }), 2),
  'virtio-tablet-pci': async () => input((inputs) => inputs.send({ type: 'abs', axis: 'x', value: 1 }), 2),
  'virtio-net-pci': async () => {
    let card: NetEnd | undefined
    const network = (end: NetEnd) => {
      card = end
      return {
        linkUp: true,
        send: () => true,
        ready: () => undefined,
        filterChanged: () => undefined,
        close: () => undefined,
      }
    }
    return {
      services: { network, rom: undefined },
      asked: [1, 2],
      filled: { 0: () => void card?.receive(new Uint8Array(60).fill(0xff)) },
      use: { queue: 1, parts: [[new Uint8Array(12), new Uint8Array(60)]] },
    }
  },
  'virtio-rng-pci': async () => ({
    services: { random: async (count) => new Uint8Array(count) },
    asked: [0],
    use: { queue: 0, parts: [[16]] },
  }),
  'virtio-scsi-pci': async () => {
    const drive = memoryDrive()
    const addDisk = ({ host: { forCarried } }: JoinedBench, lun: number) =>
      diskHost({
        properties: { ...defaultsOf(scsiHd), 'scsi-id': 0, lun },
        services: { carrier: () => forCarried, drive: () => drive } as Partial<HostServices> as HostServices,
      })
    const testUnitReady = new Uint8Array(19 + 32)
    testUnitReady.set([1, 0, 0x40, 0])
    return {
      services: {},
      begin: (bench) => void addDisk(bench, 0),
      asked: [0, 2],
      filled: { 1: (bench) => void addDisk(bench, 1).closed?.() },
      use: { queue: 2, parts: [[testUnitReady, 108]] },
    }
  },
  'virtio-serial-pci': async () => {
    let take: (bytes: Uint8Array) => Promise<void> = async () => undefined
    const services: Partial<HostServices> = {
      input: (taken) => {
        take = taken
      },
      output: () => undefined,
      guestOpened: () => undefined,
    }
    const say = (bench: JoinedBench, port: number, event: number): void => {
      bench.offer(3, controlMessage({ port, event, value: 1 }))
      bench.notify(3)
    }
    return {
      properties: { max_ports: 3 },
      services,
      begin: ({ host: { forCarried } }) =>
        void consoleHost({
          properties: { nr: 0, chardev: 'c' },
          services: { ...services, carrier: () => forCarried } as HostServices,
        }),
      asked: [1, 3, 5],
      filled: {
        0: (bench) => {
          say(bench, 0, control.portOpen)
          void take(bytes('read'))
        },
        2: (bench) => say(bench, 0xffffffff, control.deviceReady),
      },
      use: { queue: 1, parts: [[bytes('written')]] },
    }
  },
}

/** Models of virtio devices on the PCI bus. */
export const joinedModels: readonly string[] = deviceTable.flatMap(({ model: { name, bus, backend } }) =>
  backend !== undefined && bus === 'PCI' ? [name] : [],
)

/** A device of a model, with what stands behind it. @param wanted - what its driver wants of what it is offered */
export async function joinedDevice(name: string, wanted?: bigint): Promise<JoinedDevice> {
  const { model, guest, host } = deviceTable.find((entry): entry is Required<DeviceEntry> => entry.model.name === name)!
  const { properties = {}, services, begin, asked, filled = {}, use, close } = await surroundings[name]!()
  const sides = { ...(await guest()), ...(await host()) }
  const bench = new JoinedBench({ model, ...sides, services, properties, ...(wanted !== undefined && { wanted }) })
  begin?.(bench)
  await bench.settle()
  const look = (queue: number): void => {
    bench.notify(queue)
    filled[queue]?.(bench)
  }
  return {
    bench,
    queues: [...asked, ...Object.keys(filled).map(Number)],
    look,
    works: async () => {
      await bench.settle()
      bench.used(use.queue)
      for (const parts of use.parts) bench.offer(use.queue, ...parts)
      look(use.queue)
      await bench.settle()
      return bench.used(use.queue).length === use.parts.length
    },
    [Symbol.asyncDispose]: async () => {
      await bench.host.closed?.()
      await close?.()
    },
  }
}
