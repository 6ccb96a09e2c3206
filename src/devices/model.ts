import type { DevicePort, DeviceProperties, GuestSide, PluggedDevice } from '../board/index.ts'
import type { SharedFolderOptions } from '../file-sharing/index.ts'
import type { InputHandlers } from '../input/index.ts'
import type { NetEnd, NetLine, RxFilter } from '../net/index.ts'
import type { PropertyType, PropertyValue } from './properties.ts'
import type { Balloon } from './virtio-balloon-pci/balloon.ts'

/** A kind of device: declared once, here and nowhere else. */
export interface DeviceModel {
  /** QEMU's name of it. */
  readonly name: string
  /** Other names of it. */
  readonly aliases?: readonly string[]
  /** The type that it is derived from. */
  readonly parent: string
  /** The kind of bus that it sits on, if any. */
  readonly bus: 'PCI' | 'ISA' | 'IDE' | 'floppy-bus' | 'System' | 'none' | CarriedBus
  readonly category: 'Bridge' | 'Storage' | 'Network' | 'Input' | 'Display' | 'Sound' | 'Misc' | 'Watchdog'
  readonly description?: string
  /** In the order in which QMP lists them; those that belong to each device itself are the last. */
  readonly properties: Readonly<Record<string, PropertyType>>
  /** It is part of the machine, and no more of it can be asked for. */
  readonly internal?: true
  /** False for one that cannot come or go while the machine is there, whatever its bus can. */
  readonly hotplugs?: false
  /** Buses that it brings, by their names, with their types. */
  readonly buses?: Readonly<Record<string, string>>
  /** What is behind its place on the PCI bus, on a bus between the two. */
  readonly backend?: BackendTraits
  /** The bus that each of it brings for devices that are plugged into it. */
  readonly carries?: CarriedBus
  /**
   * Finds a place among those that are on its bus already.
   *
   * @returns what of its properties follows from that
   * @throws {OptionError} in QEMU's words, if there is none
   */
  readonly findPlace?: (
    said: Readonly<Record<string, PropertyValue>>,
    on: BusNeighbours,
  ) => Readonly<Record<string, PropertyValue>>
  /** Those that can only be as they are by default. */
  readonly fixed?: readonly string[]
  /** Looks whether what was said goes together. @throws {OptionError} in QEMU's words */
  readonly check?: (said: Readonly<Record<string, PropertyValue>>) => void
  /** The part of it that has the drive: `itself`, or a name. */
  readonly driveOwner?: string
  /** The part of it that is on the network. */
  readonly cardOwner?: string
  /** What some of its properties are, whatever was said. */
  readonly settled?: Readonly<Record<string, PropertyValue>>
  /** What some of them are once it is there, where it was said that they follow from others, or nothing. */
  readonly realized?: (
    properties: DeviceProperties,
    disk: { readonly byteLength: number } | undefined,
  ) => DeviceProperties
  /** What it is to the firmware that boots from it: its own part of its place in Open Firmware's tree. */
  readonly bootName?: readonly [before: string, behind: string]
  /** The same of one on a bus that another device brings: its part behind that device's. */
  readonly bootUnit?: (properties: DeviceProperties) => string
  /** The file of the boot loader that it has in its ROM. */
  readonly rom?: string
  /** What is said of a second one, where there can be only one. */
  readonly onlyOne?: string
  /** What is said of one for a machine that has no firmware. */
  readonly withoutPc?: string
}

/** Buses that plugged devices bring. What is on them is reached through their devices: boards know nothing of it. */
export type CarriedBus = 'virtio-serial-bus' | 'SCSI'

/** The part of a device that QEMU has as a device of its own: virtio's, behind a place on the PCI bus. */
export interface BackendTraits {
  readonly type: string
  /** The type that it is derived from, if that is not `virtio-device` itself. */
  readonly parent?: string
  /**
   * Names of those of the device's properties that are the part's, in the order in which QMP lists them; those that all
   * virtio devices have come before. A `legacy-` one is the part's alone, and says nothing.
   */
  readonly properties: string
  /** The same of those that belong to each of it. */
  readonly own?: string
  /** What a link leads to if nobody says: a part of this part. */
  readonly otherwise?: { readonly property: string; readonly name: string; readonly type: string }
}

/** What else is on a bus. */
export interface BusNeighbours {
  /** Properties of the device that brings it; none of a bus of the PC's own. */
  readonly carrier: DeviceProperties
  readonly devices: readonly BusNeighbour[]
  /** Those on other buses of its kind, too. */
  readonly everywhere: readonly BusNeighbour[]
}

export interface BusNeighbour {
  readonly model: string
  readonly id: string | undefined
  readonly properties: DeviceProperties
}

/** How a host's side talks to the machine around it. */
export interface HostServices {
  /** The guest says that it has panicked, and stands still. */
  guestPanicked(): void
  /** The guest says that it has panicked, and deals with that itself. */
  guestCrashloaded(): void
  /** The guest has not fed its watchdog in time. */
  watchdogExpired(): void
  /** The guest ends the machine, whose process is to end with this status. */
  exit(status: number): void
  /** Sends bytes to the character device that the properties name; a promise asks to wait until there is room. */
  output(bytes: Uint8Array): Promise<void> | undefined
  /** Lets bytes of that character device go to `take`; no more come until it has settled. Before, none are read. */
  input(take: (bytes: Uint8Array) => Promise<void>): void
  /** The drive that the properties name. @throws {Error} if there is none */
  drive(): GuestDrive
  /** The same of one whose discs come and go. @throws {Error} if there is none */
  discDrive(): GuestDiscDrive
  /** As many random bytes as that, or fewer, of the object that the properties name, or the host's. */
  random(count: number): Promise<Uint8Array>
  /** What the machine knows of the guest's balloon. */
  readonly balloon: Balloon
  /** The machine's input devices, of which it may be one. */
  readonly inputs: Pick<InputHandlers, 'register' | 'leds' | 'setLeds'>
  /** Calls `hear` whenever somebody has come to the character device's other side, or has gone: at once, if one is there. */
  peers(hear: (present: boolean) => void): void
  /** The guest has begun to listen to the character device, or does not any more. */
  listening(listens: boolean): void
  /** Tells that the guest has opened or closed the device's channel, if the device has an id. */
  guestOpened(open: boolean): void
  /** The flash memory that it is. @throws {Error} if it is none */
  flash(): FlashImage
  /** What the device that brings its bus has for those on it. */
  carrier(): unknown
  /** The folder of the host's that the properties name. @throws {Error} if there is none */
  sharedFolder(): SharedFolderOptions
  /** What is in the ROM that its properties name, if there is such a file. */
  readonly rom: { readonly bytes: Uint8Array; readonly usual: boolean } | undefined
  /** Puts a card on the network that its properties name. */
  network(end: NetEnd): CardWire
}

/** A drive, as the device that has it uses it: offsets and lengths are bytes, in whole sectors of 512. */
export interface GuestDrive {
  /** As the user called it; empty for one that was made for the device. */
  readonly name: string
  readonly byteLength: number
  readonly readOnly: boolean
  /** Whether writes are complete before they are on stable storage. */
  readonly writeback: boolean
  setWriteback(writeback: boolean): void
  /** The bytes become the caller's: nobody else has their memory. */
  read(offset: number, length: number): Promise<Uint8Array>
  write(offset: number, bytes: Uint8Array): Promise<void>
  flush(): Promise<void>
  discard(offset: number, length: number): Promise<void>
  writeZeroes(offset: number, length: number, options: { readonly unmap: boolean }): Promise<void>
  /** The guest has asked for what cannot be: it counts. */
  invalid(operation: 'read' | 'write' | 'unmap'): void
  /** Calls `hear` whenever the drive has another size. */
  resized(hear: (byteLength: number) => void): void
}

/** Flash memory of the machine: where it is, what it holds, and the image that keeps that. */
export interface FlashImage {
  readonly address: number
  /** Kept as the guest has it. */
  readonly contents: Uint8Array
  readonly readOnly: boolean
  /** Whole sectors of 512 bytes. @throws {Error} if the image does not take them */
  write(offset: number, bytes: Uint8Array): Promise<void>
}

/** A drive whose discs come and go in a tray, as the device that has it uses it. */
export interface GuestDiscDrive {
  /** As the user called it; empty for one that was made for the device. */
  readonly name: string
  /** The disc in the tray, if that is closed: offsets and lengths are bytes, in whole sectors of 512. */
  readonly disc: { readonly byteLength: number; read(offset: number, length: number): Promise<Uint8Array> } | undefined
  readonly trayOpen: boolean
  readonly locked: boolean
  /** The guest moves or locks the tray. @returns whether it may */
  move(move: 'open' | 'close' | 'lock' | 'unlock'): Promise<boolean>
  /** Calls `hear` whenever another disc, or none, is there without the guest having moved the tray. */
  changed(hear: (present: boolean) => void): void
  /** Calls `hear` when somebody presses the eject button. */
  ejectRequested(hear: () => void): void
}

/** A card's place on its wire. */
export interface CardWire extends NetLine {
  readonly linkUp: boolean
  /** It takes other frames. @param said - whether that is the guest's wish */
  filterChanged(filter: RxFilter, said: boolean): void
  /** The card has gone. */
  close(): void
}

/** What stands behind a plugged device. */
export interface DeviceHost extends Omit<DevicePort, 'closed'> {
  /** For the devices on the bus that it brings, if it brings one: what their `carrier()` is. */
  readonly forCarried?: unknown
  /** The device is there, and can be spoken to. */
  connected?(device: PluggedDevice): void
  /** Why the machine cannot be sent elsewhere or saved as the device is now, in QEMU's words. */
  migrationBlocker?(): string | undefined
  /** The device has gone; that is told when this has settled. May not fail. */
  closed?(): void | Promise<void>
}

export interface HostSurroundings {
  readonly properties: DeviceProperties
  readonly services: HostServices
}

/** Makes the host's side of a model. */
export type HostSide = (surroundings: HostSurroundings) => DeviceHost

/** A model and its two sides, each loaded where it is needed; the board itself has the guest's side of those without. */
export interface DeviceEntry {
  readonly model: DeviceModel
  readonly guest?: () => Promise<{ readonly guest: GuestSide }>
  readonly host?: () => Promise<{ readonly host: HostSide }>
}
