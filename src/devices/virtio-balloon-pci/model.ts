import { OptionError } from '../../keyval/index.ts'
import type { DeviceModel } from '../model.ts'
import { link, onOff, type PropertyType, unsigned } from '../properties.ts'
import {
  checkTransport,
  fixedVirtioProperties,
  realizedTransport,
  transportOrder,
  virtioInOrder,
  virtioProperties,
} from '../virtio/properties.ts'

const order = `${transportOrder} disable-legacy disable-modern free-page-reporting indirect_desc iommu_platform
  deflate-on-oom use-disabled-flag event_idx page-poison guest-stats-polling-interval guest-stats
  x-disable-legacy-check any_layout iothread notify_on_empty queue_reset qemu-4-0-config-size packed use-started
  free-page-hint virtio-backend`

const statistics: PropertyType = {
  name: 'guest statistics',
  read: (property) => {
    throw new OptionError(`Property 'virtio-balloon-device.${property}' is not writable`)
  },
}

/** Takes memory from the guest that the host needs, and gives it back. */
export const virtioBalloonPci: DeviceModel = {
  name: 'virtio-balloon-pci',
  aliases: ['virtio-balloon'],
  parent: 'virtio-balloon-pci-base',
  bus: 'PCI',
  category: 'Misc',
  onlyOne: 'Only one balloon device is supported',
  fixed: [...fixedVirtioProperties, 'free-page-hint', 'iothread', 'qemu-4-0-config-size'],
  backend: {
    type: 'virtio-balloon-device',
    properties: `legacy-iothread iothread deflate-on-oom free-page-hint page-poison qemu-4-0-config-size
      free-page-reporting`,
    own: 'guest-stats-polling-interval guest-stats',
  },
  check: checkTransport,
  realized: (properties) => realizedTransport(properties),
  properties: virtioInOrder(order, {
    ...virtioProperties('virtio-balloon-device'),
    'deflate-on-oom': onOff(false, 'on/off'),
    'free-page-hint': onOff(false, 'on/off'),
    'free-page-reporting': onOff(false, 'on/off'),
    'guest-stats': statistics,
    'guest-stats-polling-interval': { ...unsigned(32), name: 'int' },
    iothread: link('iothread'),
    'page-poison': onOff(true, 'on/off'),
    'qemu-4-0-config-size': onOff(false),
  }),
}
