import { driveProperties, onError } from '../block-properties.ts'
import type { DeviceModel } from '../model.ts'
import { inOrder, int32, type PropertyType, text, unsigned, word } from '../properties.ts'

const translation = word('BiosAtaTranslation', ['auto', 'none', 'lba', 'large', 'rechs'], {
  description: 'Logical CHS translation algorithm, auto/none/lba/large/rechs',
  byDefault: 'auto',
})
const geometry = unsigned(32, 0)

const bootindex: PropertyType = { ...int32, ofEach: true }
const ideProperties = {
  ...driveProperties,
  bootindex,
  model: text(),
  rerror: onError,
  serial: text(),
  unit: unsigned(32, 0xffff_ffff),
  ver: text(),
  werror: onError,
  wwn: unsigned(64, 0),
}

const diskOrder = `unit lsecs account-invalid model lheads rotation_rate drive serial logical_block_size ver
  share-rw write-cache heads wwn discard_granularity backend_defaults cyls lcyls opt_io_size
  rerror bios-chs-trans min_io_size account-failed physical_block_size secs werror bootindex`
const cdOrder = `unit account-invalid model drive serial logical_block_size ver share-rw write-cache wwn
  discard_granularity backend_defaults opt_io_size rerror min_io_size account-failed
  physical_block_size werror bootindex`

export const ideHd: DeviceModel = {
  name: 'ide-hd',
  parent: 'ide-device',
  bus: 'IDE',
  category: 'Storage',
  description: 'virtual IDE disk',
  properties: inOrder(diskOrder, {
    ...ideProperties,
    'bios-chs-trans': translation,
    cyls: geometry,
    heads: geometry,
    lcyls: geometry,
    lheads: geometry,
    lsecs: geometry,
    rotation_rate: unsigned(16, 0),
    secs: geometry,
  }),
}

export const ideCd: DeviceModel = {
  name: 'ide-cd',
  parent: 'ide-device',
  bus: 'IDE',
  category: 'Storage',
  description: 'virtual IDE CD-ROM',
  properties: inOrder(cdOrder, ideProperties),
}
