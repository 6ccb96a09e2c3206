import { OptionError } from '../../keyval/index.ts'
import type { DeviceModel } from '../model.ts'
import { type PropertyType, unsigned, userObject } from '../properties.ts'
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

const order = `${transportOrder} vectors ioeventfd disable-legacy disable-modern x-disable-legacy-check queue_reset
  use-disabled-flag packed iommu_platform virtio-backend event_idx period notify_on_empty max-bytes any_layout
  use-started rng indirect_desc`

/** All that there are: as good as no limit. */
const unlimited: PropertyType = { ...unsigned(64), byDefault: '9223372036854775807' }

/** A source of random numbers: those of an object that the user has made, or the host's. */
export const virtioRngPci: DeviceModel = {
  name: 'virtio-rng-pci',
  aliases: ['virtio-rng'],
  parent: 'virtio-rng-pci-base',
  bus: 'PCI',
  category: 'Misc',
  backend: {
    type: 'virtio-rng-device',
    properties: 'rng period max-bytes legacy-rng',
    otherwise: { property: 'rng', name: 'default-backend', type: 'rng-builtin' },
  },
  fixed: fixedVirtioProperties,
  check: (said) => {
    checkTransport(said)
    if (said['period'] === 0) throw new OptionError("'period' parameter expects a positive integer")
  },
  realized: (properties) => realizedTransport(properties, 2),
  properties: virtioInOrder(order, {
    ...virtioProperties('virtio-rng-device'),
    ...vectors(0xffff_ffff),
    ...ioeventfd,
    'max-bytes': unlimited,
    period: unsigned(32, 65536),
    rng: userObject('rng-backend', ['rng-builtin', 'rng-random']),
  }),
}
