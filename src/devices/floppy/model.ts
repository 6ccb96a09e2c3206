import { driveProperties, fdcDriveType } from '../block-properties.ts'
import type { DeviceModel } from '../model.ts'
import { inOrder, unsigned } from '../properties.ts'

const order = `drive-type min_io_size backend_defaults account-invalid share-rw account-failed
  logical_block_size write-cache opt_io_size drive unit physical_block_size discard_granularity`

export const floppy: DeviceModel = {
  name: 'floppy',
  parent: 'device',
  bus: 'floppy-bus',
  category: 'Storage',
  description: 'virtual floppy drive',
  properties: inOrder(order, {
    ...driveProperties,
    'drive-type': fdcDriveType('auto'),
    unit: unsigned(32, 0xffff_ffff),
  }),
}
