import {
  CarriedBusNames,
  type DeviceWords,
  type PciSlots,
  type PlacedDevice,
  type PlannedDevice,
  type PlannedNetwork,
  pcBuses,
  planDevice,
  readRequest,
} from '../../devices/index.ts'

/** What a device of the machine's own is planned among. */
export interface OwnDeviceSurroundings {
  readonly slots: PciSlots
  readonly network: PlannedNetwork
  /** What else was said of its model. */
  readonly withGlobals: (words: DeviceWords) => DeviceWords
  /** Those that there are already. */
  readonly others?: readonly PlacedDevice[]
}

/**
 * Finds a place for a device that is the machine's own and yet built as plugged ones are, and takes it.
 *
 * @throws {OptionError} in QEMU's words, if it cannot be so
 */
export function planOwnDevice(
  words: DeviceWords,
  { slots, network, withGlobals, others = [] }: OwnDeviceSurroundings,
): PlannedDevice {
  const request = readRequest(
    withGlobals(words),
    { hot: false, typed: false },
    { buses: pcBuses([], { vga: false, acpi: false }), name: () => '' },
  )
  return planDevice(request, {
    ...{ slots, network, others },
    hot: false,
    busNames: new CarriedBusNames(), // they bring none
    useChardev: () => undefined,
    objectType: () => undefined,
    checkFolder: () => undefined,
  })
}
