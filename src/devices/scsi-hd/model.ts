import {
  checkBlockSizes,
  checkGeometry,
  driveProperties,
  fixedDriveProperties,
  geometryProperties,
  onError,
} from '../block-properties.ts'
import { shownGeometry } from '../disk-geometry.ts'
import type { DeviceModel } from '../model.ts'
import { inOrder, int32, onOff, signed32, text, unsigned } from '../properties.ts'
import { findScsiPlace, placeProperties, scsiBootUnit } from '../scsi/place.ts'

const order = `scsi-id lun channel lheads lcyls share-rw account-invalid lsecs scsi_version secs removable ver
  max_unmap_size cyls serial min_io_size product rotation_rate heads dpofua drive werror wwn vendor rerror write-cache
  physical_block_size max_io_size quirk_mode_page_vendor_specific_apple opt_io_size logical_block_size
  discard_granularity port_wwn port_index account-failed device_id backend_defaults bootindex`

/** A disk that takes commands of SCSI. */
export const scsiHd: DeviceModel = {
  name: 'scsi-hd',
  parent: 'scsi-disk-base',
  bus: 'SCSI',
  category: 'Storage',
  description: 'virtual SCSI disk',
  driveOwner: 'itself',
  check: (said) => {
    checkBlockSizes(said)
    checkGeometry(said)
  },
  findPlace: findScsiPlace,
  bootUnit: scsiBootUnit,
  fixed: [
    ...fixedDriveProperties,
    ...['lcyls', 'lheads', 'lsecs', 'logical_block_size', 'physical_block_size', 'port_wwn', 'port_index', 'dpofua'],
    ...['quirk_mode_page_vendor_specific_apple'],
  ],
  realized: (properties, disk) => (disk === undefined ? {} : shownGeometry(disk.byteLength, properties)),
  properties: inOrder(order, {
    ...placeProperties,
    ...driveProperties,
    ...geometryProperties,
    bootindex: { ...int32, ofEach: true },
    device_id: text(),
    dpofua: onOff(false, 'on/off'),
    max_io_size: unsigned(64, 2147483647),
    max_unmap_size: unsigned(64, 1073741824),
    port_index: unsigned(16, 0),
    port_wwn: unsigned(64, 0),
    product: text(),
    quirk_mode_page_vendor_specific_apple: onOff(false, 'on/off'),
    removable: onOff(false, 'on/off'),
    rerror: onError,
    rotation_rate: unsigned(16, 0),
    scsi_version: signed32(5),
    serial: text(),
    vendor: text(),
    ver: text(),
    werror: onError,
    wwn: unsigned(64, 0),
  }),
}
