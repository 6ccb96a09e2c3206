import type { DeviceBus } from './device-bus.ts'

/** A device that is to be plugged in. */
export interface NewDevice {
  /** Names it as long as it is there. */
  readonly key: string
  /** The name of its model. */
  readonly model: string
  readonly properties: DeviceProperties
  readonly place: DevicePlace
  /** What of it the firmware can boot from. */
  readonly boot?: readonly BootPlace[] | undefined
}

/** When the firmware tries to boot from something, the lower ones before the higher ones, and where it finds it. */
export interface BootPlace {
  readonly index: number
  readonly path: string
}

export type DeviceProperties = Readonly<Record<string, string | number | boolean>>

export type DevicePlace =
  | { readonly bus: 'ISA' | 'System' | 'none' }
  /** `id` is the name that it was given. */
  | { readonly bus: 'PCI'; readonly slot: number; readonly function: number; readonly id?: string | undefined }

/** The side of a plugged device that the guest does not see: hears what the other side says. */
export interface DevicePort {
  /** What the side that the guest sees is to know when it is made: asked each time that it is. May not throw. */
  beginning?(): unknown
  /** May not throw. */
  receive(message: unknown): void
  /** The device has gone: nothing that is said to it any more is heard, and it says nothing. May not throw. */
  closed?(): void
}

/** A plugged device, as its other side sees it. */
export interface PluggedDevice {
  /**
   * Tells the side that the guest sees; nobody hears it when the device has gone.
   *
   * @param given - memory of the message that becomes the other side's
   */
  send(message: unknown, given?: readonly ArrayBuffer[]): void
}

/** How a guest device speaks to its other side. */
export interface GuestLink {
  /** @param given - memory of the message that becomes the other side's */
  send(message: unknown, given?: readonly ArrayBuffer[]): void
  /** Lets the guest stand still behind the instruction at work, and tells; nothing, if it stands still by itself already. */
  stop(message: unknown): void
  /**
   * Lets the guest execute nothing after the slice at work, while its time goes on: the other side cannot keep up.
   * The result ends that.
   */
  hold(): () => void
}

/** What a guest device finds when it is made. */
export interface GuestSurroundings {
  readonly bus: DeviceBus
  readonly link: GuestLink
  readonly properties: DeviceProperties
  readonly place: DevicePlace
  /** What the other side says of it from the start. */
  readonly beginning?: unknown
}

/** The side of a plugged device that the guest sees. */
export interface GuestDevice {
  /** The other side says something. */
  receive?(message: unknown): void
  /** The reset line. */
  reset?(): void
  /** The guest is about to execute, after it has stood still. */
  resumed?(): void
  /** Called after each slice of execution, and before the guest stands still: what has gathered is to be sent. */
  settle?(): void
  /** Whether the other side has been asked for something that has not come yet: no state can be saved meanwhile. */
  busy?(): boolean
  /** Tells of its state, as plain data; changes nothing. */
  inspect?(question: unknown): unknown
  /** It goes. What it has taken on the bus is taken from it. */
  closed?(): void
  /** Everything that is not in its configuration space, as plain data. */
  save?(): unknown
  /** @throws {Error} if there is no sense in it */
  restore?(state: unknown): void
}

/** Makes the guest's side of a model. */
export type GuestSide = (surroundings: GuestSurroundings) => GuestDevice

/** Finds the guest's side of a model by its name; undefined if it has none. */
export type GuestSides = (model: string) => Promise<GuestSide> | undefined

/** The devices that a board knows how to carry. */
export interface BoardDevices {
  readonly guests: GuestSides
  /** The program of the thread in which a board executes, with these devices in it. */
  readonly worker: URL
}
