import { type DevicePlace, type DeviceProperties, type GuestDevice, type GuestSide, PlainBus } from '../board/index.ts'

/** A device on a bus of its own, whose guest and whose other side are the test. */
export class DeviceBench {
  readonly bus = new PlainBus()
  /** What it has said, in order. */
  readonly said: unknown[] = []
  /** How often it has let the guest stand still. */
  stops = 0
  /** How many want the guest to wait. */
  holds = 0
  readonly device: GuestDevice

  constructor(
    guest: GuestSide,
    properties: DeviceProperties,
    place: DevicePlace = { bus: 'ISA' },
    beginning?: unknown,
  ) {
    const link = {
      // What is given is gone, as between threads.
      send: (message: unknown, given: readonly ArrayBuffer[] = []) =>
        void this.said.push(structuredClone(message, { transfer: [...given] })),
      stop: (message: unknown) => {
        this.stops++
        this.said.push(message)
      },
      hold: () => {
        this.holds++
        return () => void this.holds--
      },
    }
    this.device = guest({ bus: this.bus, link, properties, place, beginning })
  }
}
