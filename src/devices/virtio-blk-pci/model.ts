import { driveProperties, fixedDriveProperties, geometryProperties, onError } from '../block-properties.ts'
import { shownGeometry } from '../disk-geometry.ts'
import type { DeviceModel } from '../model.ts'
import { int32, onOff, text, unsigned } from '../properties.ts'
import {
  fixedVirtioProperties,
  ioeventfd,
  iothread,
  realizedTransport,
  transportOrder,
  vectors,
  virtioInOrder,
  virtioProperties,
} from '../virtio/properties.ts'
import { checkDisk } from './check-disk.ts'
import { queuesOf, shownSizes } from './disk-config.ts'

const order = `${transportOrder} vectors ioeventfd class disable-legacy disable-modern notify_on_empty share-rw lcyls
  queue-size lsecs heads account-invalid iothread lheads num-queues cyls secs virtio-backend min_io_size bootindex
  config-wce seg-max-adjust drive werror report-discard-granularity rerror write-cache use-disabled-flag
  x-disable-legacy-check use-started iommu_platform physical_block_size scsi any_layout opt_io_size
  logical_block_size max-discard-sectors discard discard_granularity request-merging queue_reset write-zeroes
  max-write-zeroes-sectors packed account-failed indirect_desc event_idx x-enable-wce-if-config-wce
  backend_defaults serial`

/** As many sectors as a request may give back at once. */
const mostSectors = 0x3fffff

/** A disk without the detours of a disk's history: requests in rings. */
export const virtioBlkPci: DeviceModel = {
  name: 'virtio-blk-pci',
  aliases: ['virtio-blk'],
  parent: 'virtio-blk-pci-base',
  bus: 'PCI',
  category: 'Storage',
  fixed: [...fixedVirtioProperties, ...fixedDriveProperties, 'lcyls', 'lheads', 'lsecs'],
  check: checkDisk,
  driveOwner: 'virtio-backend',
  backend: {
    type: 'virtio-blk-device',
    properties: `legacy-iothread share-rw lcyls queue-size lsecs serial account-invalid iothread lheads num-queues cyls
      secs heads min_io_size config-wce seg-max-adjust drive werror report-discard-granularity rerror write-cache
      physical_block_size scsi opt_io_size logical_block_size max-discard-sectors discard discard_granularity
      request-merging write-zeroes max-write-zeroes-sectors account-failed x-enable-wce-if-config-wce backend_defaults`,
    own: 'bootindex',
  },
  bootName: ['scsi@', '/disk@0,0'],
  realized: (properties, disk) => {
    const queues = queuesOf(properties)
    return {
      ...realizedTransport(properties, queues + 1),
      'num-queues': queues,
      ...shownSizes(properties),
      ...(disk !== undefined && shownGeometry(disk.byteLength, properties)),
    }
  },
  properties: virtioInOrder(order, {
    ...virtioProperties('virtio-blk-device'),
    ...vectors(0xffff_ffff),
    ...ioeventfd,
    ...driveProperties,
    ...geometryProperties,
    bootindex: { ...int32, ofEach: true },
    class: unsigned(32, 0),
    'config-wce': onOff(true, 'on/off'),
    discard: onOff(true, 'on/off'),
    iothread,
    'max-discard-sectors': unsigned(32, mostSectors),
    'max-write-zeroes-sectors': unsigned(32, mostSectors),
    'num-queues': unsigned(16, 0xffff),
    'queue-size': unsigned(16, 256),
    'report-discard-granularity': onOff(true),
    'request-merging': onOff(true, 'on/off'),
    rerror: onError,
    scsi: onOff(false, 'on/off'),
    'seg-max-adjust': onOff(true),
    serial: text(),
    werror: onError,
    'write-zeroes': onOff(true, 'on/off'),
    'x-enable-wce-if-config-wce': onOff(true),
  }),
}
