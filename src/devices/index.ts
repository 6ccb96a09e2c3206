/**
 * Guest devices, a folder each: what a model is (`model.ts`), the side that the guest sees (`guest.ts`, in the board's
 * thread), what stands behind it (`host.ts`) and what the two say to each other (`wire.ts`). `table.ts` joins them.
 * Knows the bus that a board offers, and nothing of emulators, machines and monitors.
 */

export { checkBlockSizes, checkGeometry, usableDriveProperties } from './block-properties.ts'
export { BusObject } from './bus-object.ts'
export { DeviceObject, type DeviceTraits } from './device-object.ts'
export { deviceTypes } from './device-types.ts'
export { boardDevices, deviceModels, guestSides, hostSideOf, isPluggable, modelNamed, pcModels } from './devices.ts'
export { deviceEvents } from './events.ts'
export { helpOfModel, listOfAllModels, listOfModels, namesOfModels } from './help.ts'
export { byNumber } from './isa-serial/model.ts'
export type {
  CardWire,
  DeviceEntry,
  DeviceHost,
  DeviceModel,
  FlashImage,
  GuestDiscDrive,
  GuestDrive,
  HostServices,
  HostSide,
  HostSurroundings,
} from './model.ts'
export { namedObjects } from './named-objects.ts'
export { checkBootIndex } from './plugging/boot-index.ts'
export { busesOf, CarriedBusNames, type CarriedPlace, isCarried, type PlacedDevice } from './plugging/carried-bus.ts'
export { DeviceNames } from './plugging/device-names.ts'
export { type DeviceRequest, type DeviceWords, readRequest } from './plugging/device-request.ts'
export {
  type ExtraDevice,
  ExtraDevices,
  type LastingDevice,
  type PluggedExtra,
  type ShownDevices,
} from './plugging/extra-devices.ts'
export { noBuses, type OnBuses, pcBuses } from './plugging/pc-buses.ts'
export { PciSlots } from './plugging/pci-slots.ts'
export { type PlannedDevice, type PlannedNetwork, planDevice } from './plugging/planned-device.ts'
export { isDefault, type PropertyType, type PropertyValue, requireDefaults } from './properties.ts'
export { settledProperties } from './scsi/unit-identity.ts'
export { deviceTable } from './table.ts'
export { backendModel } from './virtio/backend-model.ts'
export { bitTexts, statusTexts, textsOfKind, transportTexts } from './virtio/bit-texts.ts'
export { type NamedVirtioDevice, type VirtioDeviceStatus, VirtioDevices } from './virtio/virtio-devices.ts'
export { Balloon } from './virtio-balloon-pci/balloon.ts'
