import { checkBlockSizes, driveProperties, fixedDriveProperties, onError } from '../block-properties.ts'
import type { DeviceModel } from '../model.ts'
import { inOrder, int32, onOff, signed32, text, unsigned } from '../properties.ts'
import { findScsiPlace, placeProperties, scsiBootUnit } from '../scsi/place.ts'

const order = `scsi-id lun channel account-invalid quirk_mode_sense_rom_use_dbd device_id max_io_size drive serial
  logical_block_size ver share-rw write-cache scsi_version wwn discard_granularity backend_defaults vendor
  quirk_mode_page_truncated quirk_mode_page_vendor_specific_apple product opt_io_size rerror
  quirk_mode_page_apple_vendor min_io_size account-failed physical_block_size port_wwn port_index werror bootindex`

const quirks = [
  'quirk_mode_page_apple_vendor',
  'quirk_mode_page_truncated',
  'quirk_mode_page_vendor_specific_apple',
  'quirk_mode_sense_rom_use_dbd',
]

/** A CD drive that takes commands of SCSI. */
export const scsiCd: DeviceModel = {
  name: 'scsi-cd',
  parent: 'scsi-disk-base',
  bus: 'SCSI',
  category: 'Storage',
  description: 'virtual SCSI CD-ROM',
  driveOwner: 'itself',
  check: checkBlockSizes,
  findPlace: findScsiPlace,
  bootUnit: scsiBootUnit,
  fixed: [
    ...fixedDriveProperties,
    ...['logical_block_size', 'physical_block_size', 'port_wwn', 'port_index', ...quirks],
  ],
  properties: inOrder(order, {
    ...placeProperties,
    ...driveProperties,
    ...Object.fromEntries(quirks.map((name) => [name, onOff(false, 'on/off')])),
    bootindex: { ...int32, ofEach: true },
    device_id: text(),
    max_io_size: unsigned(64, 2147483647),
    port_index: unsigned(16, 0),
    port_wwn: unsigned(64, 0),
    product: text(),
    rerror: onError,
    scsi_version: signed32(5),
    serial: text(),
    vendor: text(),
    ver: text(),
    werror: onError,
    wwn: unsigned(64, 0),
  }),
}
