import { OptionError } from '../../keyval/index.ts'
import type { DeviceModel } from '../model.ts'
import { onOff, unsigned } from '../properties.ts'
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
import { serialClass } from './serial-class.ts'

const order = `${transportOrder} vectors class ioeventfd disable-legacy disable-modern x-disable-legacy-check
  queue_reset use-disabled-flag packed iommu_platform virtio-backend event_idx max_ports emergency-write
  notify_on_empty any_layout use-started indirect_desc`

/** Each port has two queues, and so have all together for control. */
const mostPorts = 511

/** A controller of ports, through which programs of guest and host speak to each other. */
export const virtioSerialPci: DeviceModel = {
  name: 'virtio-serial-pci',
  aliases: ['virtio-serial'],
  parent: 'virtio-serial-pci-base',
  bus: 'PCI',
  category: 'Input',
  fixed: fixedVirtioProperties,
  carries: 'virtio-serial-bus',
  backend: { type: 'virtio-serial-device', properties: 'max_ports emergency-write' },
  check: (said) => {
    checkTransport(said)
    const { max_ports: ports = 1 } = said
    if (ports === 0) throw new OptionError('Maximum number of serial ports not specified')
    if (Number(ports) > mostPorts) throw new OptionError(`maximum ports supported: ${mostPorts}`)
  },
  realized: (properties) => ({
    ...realizedTransport(properties),
    class: serialClass(properties),
  }),
  properties: virtioInOrder(order, {
    ...virtioProperties('virtio-serial-device'),
    ...vectors(2),
    ...ioeventfd,
    class: unsigned(32, 0),
    'emergency-write': onOff(true, 'on/off'),
    max_ports: unsigned(32, 31),
  }),
}
