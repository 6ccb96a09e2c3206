import type { DeviceModel } from '../model.ts'
import { onOff, text, unsigned } from '../properties.ts'
import {
  checkTransport,
  fixedVirtioProperties,
  transportOrder,
  vectors,
  virtioInOrder,
  virtioProperties,
} from '../virtio/properties.ts'
import type { InputSort } from './input-config.ts'

const orderOf = (more: string): string =>
  `${transportOrder} vectors disable-legacy disable-modern x-disable-legacy-check queue_reset ${more}
  use-disabled-flag packed iommu_platform virtio-backend event_idx display use-started notify_on_empty any_layout head
  serial indirect_desc`.trim()

function modelOf(sort: InputSort): DeviceModel {
  const wheeled = sort !== 'keyboard'
  return {
    name: `virtio-${sort}-pci`,
    aliases: [`virtio-${sort}`],
    parent: `virtio-${sort}-pci-base-type`,
    bus: 'PCI',
    category: 'Input',
    backend: {
      type: `virtio-${sort}-device`,
      parent: 'virtio-input-hid-device',
      properties: `serial display head ${wheeled ? 'wheel-axis' : ''}`,
    },
    fixed: fixedVirtioProperties,
    check: checkTransport,
    settled: { 'disable-legacy': 'on', 'disable-modern': false },
    properties: virtioInOrder(orderOf(wheeled ? 'wheel-axis' : ''), {
      ...virtioProperties(`virtio-${sort}-device`),
      ...vectors(2),
      // With one screen there is nothing to choose between: any name is taken, as QEMU takes it, and changes nothing.
      display: text(),
      head: unsigned(32, 0),
      serial: text(),
      ...(wheeled && { 'wheel-axis': onOff(true) }),
    }),
  }
}

export const virtioKeyboardPci = modelOf('keyboard')
export const virtioMousePci = modelOf('mouse')
export const virtioTabletPci = modelOf('tablet')
