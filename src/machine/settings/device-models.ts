import type { GuestDeviceModel } from '../../block/index.ts'
import { deviceModels as boardModels } from '../../board/index.ts'
import { int32, type PropertyType, text, truth, unsigned, word } from './device-properties.ts'

/** Buses by name, with what kind of bus each is. */
export const pcBuses: Readonly<Record<string, DeviceModel['bus'] | 'PCI'>> = {
  'pci.0': 'PCI',
  'isa.0': 'ISA',
  'ide.0': 'IDE',
  'ide.1': 'IDE',
  'floppy-bus.0': 'floppy-bus',
}

/** What can be built into the PC with `-device`. */
export interface DeviceModel {
  readonly bus: 'ISA' | 'IDE' | 'floppy-bus'
  readonly category: 'Storage' | 'Misc' | 'Watchdog'
  readonly description?: string
  readonly properties: Readonly<Record<string, PropertyType>>
}

const onOffAuto = word('OnOffAuto', ['on', 'off', 'auto'], { description: 'on/off/auto', byDefault: 'auto' })
const onError = word('BlockdevOnError', ['report', 'ignore', 'enospc', 'stop', 'auto'], {
  description: 'Error handling policy, report/ignore/enospc/stop/auto',
  byDefault: 'auto',
})
const backend = text('Node name or ID of a block device to use as a backend')
const anyUnit = 4_294_967_295

const ideProperties = {
  bootindex: int32,
  drive: backend,
  model: text(),
  rerror: onError,
  serial: text(),
  'share-rw': truth(false),
  unit: unsigned(32, anyUnit),
  werror: onError,
  'write-cache': onOffAuto,
}

/** Devices that have a drive. */
export const driveModels: Readonly<Record<GuestDeviceModel, DeviceModel>> = {
  floppy: {
    bus: 'floppy-bus',
    category: 'Storage',
    description: 'virtual floppy drive',
    properties: {
      drive: backend,
      'share-rw': truth(false),
      unit: unsigned(32, anyUnit),
      'write-cache': onOffAuto,
    },
  },
  'ide-cd': { bus: 'IDE', category: 'Storage', description: 'virtual IDE CD-ROM', properties: ideProperties },
  'ide-hd': { bus: 'IDE', category: 'Storage', description: 'virtual IDE disk', properties: ideProperties },
}

/** All devices, in the order in which they are listed. */
export const deviceModels: Readonly<Record<string, DeviceModel>> = {
  ...driveModels,
  ...Object.fromEntries(
    Object.entries(boardModels).map(([name, { properties, ...model }]) => [
      name,
      {
        ...model,
        properties: Object.fromEntries(
          Object.entries(properties).map(([property, { bits, byDefault }]) => [property, unsigned(bits, byDefault)]),
        ),
      },
    ]),
  ),
}
