import { OptionError } from '../../keyval/index.ts'
import type { DeviceModel } from '../model.ts'
import { sharedFolder, text } from '../properties.ts'
import {
  checkTransport,
  fixedVirtioProperties,
  ioeventfd,
  realizedTransport,
  transportOrder,
  vectors,
  virtioInOrder,
  virtioProperties,
} from '../virtio/properties.ts'

const order = `${transportOrder} vectors ioeventfd disable-legacy disable-modern queue_reset use-disabled-flag packed
  iommu_platform virtio-backend event_idx x-disable-legacy-check mount_tag notify_on_empty any_layout use-started fsdev
  indirect_desc`
const longestTag = 31

/** Gives a folder of the host's to the guest. */
export const virtio9pPci: DeviceModel = {
  name: 'virtio-9p-pci',
  aliases: ['virtio-9p'],
  parent: 'virtio-9p-pci-base',
  bus: 'PCI',
  category: 'Storage',
  backend: { type: 'virtio-9p-device', properties: 'mount_tag fsdev' },
  fixed: fixedVirtioProperties,
  check: (said) => {
    checkTransport(said)
    const tag = said['mount_tag'] as string | undefined
    if (tag === undefined) throw new OptionError(`fsdev with id ${said['fsdev']} needs mount_tag arguments`)
    const bytes = Buffer.byteLength(tag)
    if (bytes > longestTag)
      throw new OptionError(`mount tag '${tag}' (${bytes} bytes) is longer than maximum (${longestTag} bytes)`)
  },
  realized: (properties) => realizedTransport(properties),
  properties: virtioInOrder(order, {
    ...virtioProperties('virtio-9p-device'),
    ...vectors(2),
    ...ioeventfd,
    fsdev: sharedFolder,
    mount_tag: text(),
  }),
}
