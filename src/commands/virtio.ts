import {
  bitTexts,
  type NamedVirtioDevice,
  statusTexts,
  textsOfKind,
  transportTexts,
  type VirtioDeviceStatus,
  type VirtioDevices,
} from '../devices/index.ts'
import { bool, example, family, list, opt, req, str, struct, uint8, uint16, uint32, uint64 } from '../qapi/index.ts'
import type { RunControl } from '../runstate/index.ts'

const command = family<{
  virtioDevices: Pick<VirtioDevices, 'list' | 'status' | 'queue' | 'hostQueue' | 'element'>
  runControl: Pick<RunControl, 'running'>
}>()

const VirtioInfo = struct('VirtioInfo', {
  path: req(str, 'its path in the tree of objects'),
  name: req(str, 'what it is'),
})

const VirtioDeviceFeatures = struct('VirtioDeviceFeatures', {
  transports: req(list(str), 'those of every virtio device'),
  'dev-features': opt(list(str), 'those of its kind'),
  'unknown-dev-features': opt(uint64.wide, 'bits that there is no text for'),
})

/** What `VirtioDeviceFeatures` holds. */
export interface Features {
  transports: string[]
  'dev-features'?: string[]
  'unknown-dev-features'?: number | bigint
}

const VirtioDeviceStatusType = struct('VirtioDeviceStatus', {
  statuses: req(list(str), 'how far its driver is'),
  'unknown-statuses': opt(uint8, 'bits that there is no text for'),
})

const VhostDeviceProtocols = struct('VhostDeviceProtocols', {
  protocols: req(list(str), 'what is spoken'),
  'unknown-protocols': opt(uint64, 'bits that there is no text for'),
})

const VhostStatus = struct('VhostStatus', {
  'n-mem-sections': req(uint64.wide, 'sections of memory'),
  'n-tmp-sections': req(uint64.wide, 'sections that are being gathered'),
  nvqs: req(uint32, 'queues'),
  'vq-index': req(uint32, 'its first queue'),
  features: req(VirtioDeviceFeatures, 'what it offers'),
  'acked-features': req(VirtioDeviceFeatures, 'what the driver has taken'),
  'backend-features': req(VirtioDeviceFeatures, 'what the back end offers'),
  'protocol-features': req(VhostDeviceProtocols, 'what both speak'),
  'max-queues': req(uint64, 'the most queues'),
  'backend-cap': req(uint64, 'what the back end can do'),
  'log-enabled': req(bool, 'whether writes are recorded'),
  'log-size': req(uint64, 'size of the record'),
})

const VirtioStatus = struct('VirtioStatus', {
  name: req(str, 'what it is'),
  'device-id': req(uint16, "virtio's number for that"),
  'vhost-started': req(bool, "whether the host's kernel serves it"),
  'device-endian': req(str, 'order of its bytes'),
  'guest-features': req(VirtioDeviceFeatures, 'what the driver has taken'),
  'host-features': req(VirtioDeviceFeatures, 'what it offers'),
  'backend-features': req(VirtioDeviceFeatures, 'what its back end offers'),
  'num-vqs': req(uint64, 'queues'),
  status: req(VirtioDeviceStatusType, 'how far its driver is'),
  isr: req(uint8, 'why it interrupts'),
  'queue-sel': req(uint16, 'the queue that its driver has selected'),
  'vm-running': req(bool, 'whether the guest runs'),
  broken: req(bool, 'whether its driver has done what no driver does'),
  disabled: req(bool, 'whether it may not reach memory'),
  'use-started': req(bool, '`use-started` of its properties'),
  started: req(bool, 'whether its driver uses it'),
  'start-on-kick': req(bool, 'whether the first notification will count as a start'),
  'disable-legacy-check': req(bool, '`x-disable-legacy-check` of its properties'),
  'bus-name': req(str, 'the bus that it brings'),
  'use-guest-notifier-mask': req(bool, 'whether interrupts can be masked; true of all that there are'),
  'vhost-dev': opt(VhostStatus, "the part of the host's kernel"),
})

const VirtQueueStatus = struct('VirtQueueStatus', {
  name: req(str, 'what the device is'),
  'queue-index': req(uint16, 'its number'),
  inuse: req(uint32, 'buffers that the device has taken and not given back'),
  'vring-num': req(uint32, 'how many descriptors it has'),
  'vring-num-default': req(uint32, 'how many it has if the driver does not say'),
  'vring-align': req(uint32, 'alignment of its parts before virtio 1.0, in bytes'),
  'vring-desc': req(uint64, 'address of its descriptors'),
  'vring-avail': req(uint64, 'address of what is available'),
  'vring-used': req(uint64, 'address of what is used'),
  'last-avail-idx': opt(uint16, 'index of the next buffer that the device takes'),
  'shadow-avail-idx': opt(uint16, "the driver's index, as the device has last seen it"),
  'used-idx': req(uint16, 'index of the next buffer that the device gives back'),
  'signalled-used': req(uint16, 'up to where the driver was told'),
  'signalled-used-valid': req(bool, 'whether it was'),
})

const VirtVhostQueueStatus = struct('VirtVhostQueueStatus', {
  name: req(str, 'what the device is'),
  kick: req(uint64.wide, 'descriptor for notifications'),
  call: req(uint64.wide, 'descriptor for interrupts'),
  desc: req(uint64, 'where its descriptors are mapped'),
  avail: req(uint64, 'where what is available is mapped'),
  used: req(uint64, 'where what is used is mapped'),
  num: req(uint64.wide, 'how many descriptors it has'),
  'desc-phys': req(uint64, 'address of its descriptors'),
  'desc-size': req(uint32, 'their size'),
  'avail-phys': req(uint64, 'address of what is available'),
  'avail-size': req(uint32, 'its size'),
  'used-phys': req(uint64, 'address of what is used'),
  'used-size': req(uint32, 'its size'),
})

const VirtioQueueElement = struct('VirtioQueueElement', {
  name: req(str, 'what the device is'),
  index: req(uint32, 'number of its first descriptor'),
  descs: req(
    list(
      struct('VirtioRingDesc', {
        addr: req(uint64.wide, 'where it is'),
        len: req(uint32, 'its size in bytes'),
        flags: req(list(str), 'what is said of it'),
      }),
    ),
    'its parts, the last one first',
  ),
  avail: req(
    struct('VirtioRingAvail', {
      flags: req(uint16, 'whether interrupts are wanted'),
      idx: req(uint16, "the driver's index"),
      ring: req(uint16, 'number of the first descriptor'),
    }),
    'what is available',
  ),
  used: req(
    struct('VirtioRingUsed', {
      flags: req(uint16, 'whether notifications are wanted'),
      idx: req(uint16, "the device's index"),
    }),
    'what is used',
  ),
})

/** Flags of a descriptor. */
const descriptorFlags = [
  [1, 'next'],
  [2, 'write'],
  [4, 'indirect'],
  [0x80, 'avail'],
  [0x8000, 'used'],
] as const

const notThere = (name: string, more = ''): string => `
        -> { "execute": "${name}", "arguments": { "path": "/machine"${more} } }
        <- { "error": { "class": "GenericError", "desc": "Path /machine is not a VirtIODevice" } }`
const noDevice = 'if that is not the path of a virtio device: of the part behind its place on the PCI bus'

/** Virtio devices, as their drivers use them. */
export const virtioCommands = {
  'x-query-virtio': command({
    since: '7.2',
    doc: 'Show the virtio devices.',
    args: {},
    returns: list(VirtioInfo),
    features: ['unstable'],
    examples: [example('none', `-> { "execute": "x-query-virtio" }\n<- { "return": [] }`)],
    run: ({ virtioDevices }): NamedVirtioDevice[] => [...virtioDevices.list()],
  }),

  'x-query-virtio-status': command({
    since: '7.2',
    doc: 'Show how a virtio device is, and what it and its driver have agreed on.',
    args: { path: req(str, 'of the device') },
    returns: VirtioStatus,
    features: ['unstable'],
    errors: [noDevice],
    examples: [example('no such device', notThere('x-query-virtio-status'))],
    run: async ({ virtioDevices, runControl }, { path }) =>
      statusOf(await virtioDevices.status(path), runControl.running),
  }),

  'x-query-virtio-queue-status': command({
    since: '7.2',
    doc: 'Show how a queue of a virtio device is.',
    args: { path: req(str, 'of the device'), queue: req(uint16, 'its number') },
    returns: VirtQueueStatus,
    features: ['unstable'],
    errors: [noDevice, 'if it has no such queue'],
    examples: [example('no such device', notThere('x-query-virtio-queue-status', ', "queue": 0'))],
    async run({ virtioDevices }, { path, queue }) {
      const { name, ...found } = await virtioDevices.queue(path, queue)
      return {
        ...{ name, 'queue-index': queue, inuse: found.inUse, 'vring-align': 4096 },
        ...{ 'vring-num': found.size, 'vring-num-default': found.limit },
        ...{ 'vring-desc': found.descriptors, 'vring-avail': found.available, 'vring-used': found.used },
        ...{ 'last-avail-idx': found.next, 'shadow-avail-idx': found.seen, 'used-idx': found.usedIndex },
        ...{ 'signalled-used': found.told ?? 0, 'signalled-used-valid': found.told !== undefined },
      }
    },
  }),

  'x-query-virtio-vhost-queue-status': command({
    since: '7.2',
    doc: "Show how a queue of a virtio device is that the host's kernel serves. There is none.",
    args: { path: req(str, 'of the device'), queue: req(uint16, 'its number') },
    returns: VirtVhostQueueStatus,
    features: ['unstable'],
    errors: [noDevice, "if its queues are not the host's kernel's"],
    examples: [example('no such device', notThere('x-query-virtio-vhost-queue-status', ', "queue": 0'))],
    run: ({ virtioDevices }, { path }) => virtioDevices.hostQueue(path),
  }),

  'x-query-virtio-queue-element': command({
    since: '7.2',
    doc: 'Show a buffer in a queue of a virtio device.',
    args: {
      path: req(str, 'of the device'),
      queue: req(uint16, 'number of the queue'),
      index: opt(uint16, 'index in what is available; the next one that the device takes, if absent'),
    },
    returns: VirtioQueueElement,
    features: ['unstable'],
    errors: [noDevice, 'if it has no such queue', 'if its driver does not use that'],
    examples: [
      example(
        'no such device',
        notThere('x-query-virtio-queue-element', ', "queue": 0').replace('VirtIODevice', 'VirtIO device'),
      ),
    ],
    async run({ virtioDevices }, { path, queue, index }) {
      const { name, head, descriptors, available, used } = await virtioDevices.element(path, { queue, index })
      return {
        ...{ name, index: head },
        descs: descriptors
          .map(({ address, length, flags }) => ({
            ...{ addr: address, len: length },
            flags: descriptorFlags.flatMap(([bit, text]): string[] => (flags & bit ? [text] : [])).reverse(),
          }))
          .reverse(),
        avail: { flags: available.flags, idx: available.index, ring: head },
        used: { flags: used.flags, idx: used.index },
      }
    },
  }),
}

function statusOf(device: VirtioDeviceStatus, running: boolean) {
  const { properties } = device
  const statuses = bitTexts(BigInt(device.status), statusTexts)
  const features = (digits: string) => featuresOf(device.type, BigInt(`0x${digits}`))
  return {
    ...{ name: device.name, 'device-id': device.type, 'vhost-started': false, 'device-endian': 'little' },
    'guest-features': features(device.driverFeatures),
    'host-features': features(device.offered),
    'backend-features': features('0'),
    'num-vqs': device.queues.length,
    status: {
      statuses: [...statuses.texts],
      ...(statuses.rest !== 0n && { 'unknown-statuses': Number(statuses.rest) }),
    },
    ...{ isr: device.interrupts, 'queue-sel': device.queueSelect, 'vm-running': running, broken: device.broken },
    disabled: device.disabled && properties['use-disabled-flag'] !== false,
    'use-started': properties['use-started'] !== false,
    started: device.started && properties['use-started'] !== false,
    'start-on-kick': device.startsWhenNotified,
    'disable-legacy-check': properties['x-disable-legacy-check'] === true,
    'bus-name': device.busName ?? '',
    'use-guest-notifier-mask': true,
  }
}

function featuresOf(type: number, bits: bigint): Features {
  const transport = bitTexts(bits, transportTexts)
  const own = bitTexts(transport.rest, textsOfKind(type).features)
  return {
    transports: [...transport.texts],
    'dev-features': [...own.texts],
    ...(own.rest !== 0n && { 'unknown-dev-features': own.rest }),
  }
}
