import type { PciFunction, PciRegion } from '../board/index.ts'
import {
  bool,
  example,
  family,
  type Infer,
  int,
  list,
  type Member,
  type ObjectType,
  opt,
  req,
  type StructOf,
  str,
  struct,
} from '../qapi/index.ts'
import { pciClassName } from './pci-class.ts'

const command = family<{
  pci: {
    /** The functions on the machine's PCI bus, by their addresses; undefined if it has no such bus. */
    functions(): Promise<readonly PciFunction[] | undefined>
  }
}>()

const PciMemoryRegion = struct('PciMemoryRegion', {
  bar: req(int, 'base address register; 6 is the expansion ROM'),
  type: req(str, '`io` or `memory`'),
  address: req(int, 'where it answers; -1 while it does not'),
  size: req(int, 'bytes'),
  prefetch: opt(bool, 'whether reading has no side effect (memory only)'),
  mem_type_64: opt(bool, 'whether the address has 64 bits (memory only)'),
})

const PciMemoryRange = struct('PciMemoryRange', { base: req(int, 'first address'), limit: req(int, 'last address') })

const PciBusInfo = struct('PciBusInfo', {
  number: req(int, 'the bus that the bridge is on'),
  secondary: req(int, 'the bus behind it'),
  subordinate: req(int, 'the highest bus behind it'),
  io_range: req(PciMemoryRange, 'ports that it passes on'),
  memory_range: req(PciMemoryRange, 'memory that it passes on'),
  prefetchable_range: req(PciMemoryRange, 'prefetchable memory that it passes on'),
})

const deviceMembers = {
  bus: req(int, 'the bus that it is on'),
  slot: req(int, 'its slot'),
  function: req(int, 'which function of the device in that slot it is'),
  class_info: req(
    struct('PciDeviceClass', {
      desc: opt(str, 'the name of its class'),
      class: req(int, 'base class (high byte) and subclass'),
    }),
    'what it is',
  ),
  id: req(
    struct('PciDeviceId', {
      device: req(int, 'device id'),
      vendor: req(int, 'vendor id'),
      subsystem: opt(int, 'subsystem id'),
      'subsystem-vendor': opt(int, 'subsystem vendor id'),
    }),
    'which one it is',
  ),
  irq: opt(int, 'the interrupt that the firmware gave it; absent if it has no interrupt pin'),
  irq_pin: req(int, 'its interrupt pin: 0 for none, 1 for INTA'),
  qdev_id: req(str, 'the id that it was given, or nothing'),
}

/** A function on the bus: the type is written out because a bridge holds others. */
export interface PciDeviceInfo extends StructOf<typeof deviceMembers> {
  readonly pci_bridge?: PciBridgeInfo
  readonly regions: Infer<typeof PciMemoryRegion>[]
}

export interface PciBridgeInfo {
  readonly bus: Infer<typeof PciBusInfo>
  readonly devices?: PciDeviceInfo[]
}

const PciBridgeInfo: ObjectType<PciBridgeInfo> = struct('PciBridgeInfo', {
  bus: req(PciBusInfo, 'the buses that it joins, and what it passes on'),
  get devices(): Member<PciDeviceInfo[], true> {
    return opt(list(PciDeviceInfo), 'what is behind it')
  },
})

const PciDeviceInfo: ObjectType<PciDeviceInfo> = struct('PciDeviceInfo', {
  ...deviceMembers,
  pci_bridge: opt(PciBridgeInfo, 'what it is as a bridge'),
  regions: req(list(PciMemoryRegion), 'its ports and memory'),
})

const PciInfo = struct('PciInfo', {
  bus: req(int, 'number of the bus'),
  devices: req(list(PciDeviceInfo), 'the functions on it'),
})

/** The PCI bus. */
export const pciCommands = {
  'query-pci': command({
    since: '0.14',
    doc: 'Show the functions on the PCI bus, as their configuration spaces are now: before the firmware has run, nothing has an address.',
    args: {},
    returns: list(PciInfo),
    examples: [
      example('a machine without a PCI bus', '-> { "execute": "query-pci" }\n<- { "return": [] }', {
        options: '-machine none',
      }),
    ],
    async run({ pci }) {
      const functions = await pci.functions()
      return functions === undefined ? [] : [{ bus: 0, devices: functions.map(deviceInfo) }]
    },
  }),
}

function deviceInfo(one: PciFunction): PciDeviceInfo {
  const desc = pciClassName(one.classCode)
  return {
    bus: 0,
    slot: one.slot,
    function: one.function,
    class_info: { ...(desc !== undefined && { desc }), class: one.classCode },
    id: {
      device: one.deviceId,
      vendor: one.vendorId,
      subsystem: one.subsystemId,
      'subsystem-vendor': one.subsystemVendorId,
    },
    ...(one.interruptPin !== 0 && { irq: one.interruptLine }),
    irq_pin: one.interruptPin,
    qdev_id: one.id ?? '',
    regions: one.regions.map(regionInfo),
  }
}

function regionInfo({
  bar,
  kind,
  address = -1,
  size,
  prefetchable,
  wide,
}: PciRegion): PciDeviceInfo['regions'][number] {
  const memory = { prefetch: prefetchable, mem_type_64: wide === true }
  return { bar, type: kind, address, size, ...(kind === 'memory' && memory) }
}
