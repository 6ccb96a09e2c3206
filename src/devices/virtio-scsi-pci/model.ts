import type { DeviceProperties } from '../../board/index.ts'
import { OptionError } from '../../keyval/index.ts'
import type { DeviceModel } from '../model.ts'
import { onOff, unsigned } from '../properties.ts'
import {
  checkTransport,
  fixedVirtioProperties,
  ioeventfd,
  iothread,
  realizedTransport,
  transportOrder,
  vectors,
  virtioInOrder,
  virtioProperties,
} from '../virtio/properties.ts'

const order = `${transportOrder} vectors ioeventfd disable-legacy disable-modern indirect_desc iommu_platform hotplug
  use-started use-disabled-flag event_idx num_queues max_sectors x-disable-legacy-check any_layout notify_on_empty
  iothread param_change packed queue_reset virtqueue_size seg_max_adjust cmd_per_lun virtio-backend`

/** As many as there are processors: one. */
const byNumber = 0xffff_ffff
/** There are two more for the controller itself. */
/** For control and for events. */
const fixedQueues = 2
const mostQueues = 1022
const mostDescriptors = 1024

/** A controller of disks and CD drives, which are on its bus. */
export const virtioScsiPci: DeviceModel = {
  name: 'virtio-scsi-pci',
  aliases: ['virtio-scsi'],
  parent: 'virtio-scsi-pci-base',
  bus: 'PCI',
  bootName: ['scsi@', ''],
  category: 'Storage',
  fixed: fixedVirtioProperties,
  carries: 'SCSI',
  backend: {
    type: 'virtio-scsi-device',
    parent: 'virtio-scsi-common',
    properties: `seg_max_adjust max_sectors iothread param_change cmd_per_lun num_queues virtqueue_size legacy-iothread
      hotplug`,
  },
  check: (said) => {
    checkTransport(said)
    const { num_queues: queues = byNumber, virtqueue_size: size = 256 } = said
    if (queues === 0 || (queues !== byNumber && Number(queues) > mostQueues))
      throw new OptionError(
        `Invalid number of queues (= ${queues}), must be a positive integer less than ${mostQueues}.`,
      )
    if (Number(size) <= 2) throw new OptionError(`invalid virtqueue_size property (= ${size}), must be > 2`)
    if (Number(size) > mostDescriptors) throw new OptionError(`virtqueue_size can be at most ${mostDescriptors} here`)
  },
  realized: (properties) => {
    const queues = queuesOf(properties)
    return { ...realizedTransport(properties, queues + fixedQueues + 1), num_queues: queues }
  },
  properties: virtioInOrder(order, {
    ...virtioProperties('virtio-scsi-device'),
    ...vectors(0xffff_ffff),
    ...ioeventfd,
    cmd_per_lun: unsigned(32, 128),
    hotplug: onOff(true, 'on/off'),
    iothread,
    max_sectors: unsigned(32, 0xffff),
    num_queues: unsigned(32, byNumber),
    param_change: onOff(true, 'on/off'),
    seg_max_adjust: onOff(true),
    virtqueue_size: unsigned(32, 256),
  }),
}

function queuesOf({ num_queues: queues }: DeviceProperties): number {
  return queues === byNumber ? 1 : Number(queues)
}
