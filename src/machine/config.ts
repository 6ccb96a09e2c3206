import type {
  DefaultDrive,
  DriveConfig,
  DriveDeviceConfig,
  OptionValues,
  SecretConfig,
  ThrottleGroupConfig,
} from '../block/index.ts'
import type { DeviceProperties, SmbiosSettings, VideoCard } from '../board/index.ts'
import type { ChardevOptions } from '../chardev/index.ts'
import type { ExtraDevice, LastingDevice, PlannedDevice } from '../devices/index.ts'
import type { ObjectOptions } from '../objects/index.ts'
import type { Actions } from '../runstate/index.ts'
import type { SpiceConfig } from '../spice-server/index.ts'
import type { VncDisplayConfig } from '../vnc/index.ts'
import type { ConsoleAddress } from '../web-console/index.ts'
import type { DisplayOptions } from './settings/display.ts'
import type { FwCfgConfig } from './settings/fw-cfg.ts'
import type { NetdevConfig } from './settings/networks.ts'
import type { PassedDescriptor } from './settings/passed-descriptors.ts'
import type { SharedFolderConfig } from './settings/shared-folders.ts'

/** A machine as it is to be built: plain data, every word understood, nothing opened yet. */
export interface MachineConfig {
  readonly name: string | undefined
  /** In lower case, 8-4-4-4-12. */
  readonly uuid: string | undefined
  /** `none` has neither CPU nor devices. */
  readonly machine: 'pc' | 'none'
  /** What `-machine` has said of its properties. */
  readonly machineProperties: Readonly<Record<string, string | boolean>>
  /**
   * What executes: the emulator in its worker thread, or nothing at all; `qtest` is the emulator with a CPU that stands
   * still, and with time that goes as a test wants it.
   */
  readonly accel: 'v86' | 'qtest' | 'none'
  /** A multiple of 1 MiB, at most 2040 MiB. */
  readonly ramBytes: number
  /** Memory as `-object` describes it; the one that is the RAM before all others. */
  readonly memoryBackends: readonly MemoryBackendConfig[]
  /** Where firmware is looked for: an image by name or path, and folders that come before the usual ones. */
  readonly firmware: { readonly bios: string | undefined; readonly folders: readonly string[] }
  /** Drives or nodes that the machine's two flash chips are to have, by their names. */
  readonly flash: readonly (string | undefined)[]
  /** Linux without a boot loader. */
  readonly kernel: { readonly image: string; readonly initrd: string | undefined; readonly append: string } | undefined
  /** What the machine's tables for dmidecode say. */
  readonly smbios: SmbiosSettings
  /** ACPI tables that the firmware adds to its own, as bytes. */
  readonly acpiTables: readonly (readonly number[])[]
  /** Files for the guest's firmware configuration device. */
  readonly fwCfg: readonly (FwCfgConfig & Asked)[]
  readonly boot: {
    /** Letters: a = floppy, c = disk, d = CD, n = network; at most three. */
    readonly order: string
    /** The order of the first boot, if it differs. */
    readonly once: string | undefined
    readonly menu: boolean
    /** Floppies boot without a signature in their first sector. */
    readonly anyFloppy: boolean
    readonly splashTimeMs: number | undefined
    /** How long the firmware waits before it starts again when nothing could be booted. */
    readonly rebootTimeoutMs: number | undefined
  }
  /** Descriptors that the program was started with, for sets that files are opened from. */
  readonly passedDescriptors: readonly (PassedDescriptor & Asked)[]
  /** Passwords for images. */
  readonly secrets: readonly SecretConfig[]
  /** Objects of other kinds, as JSON says them. */
  readonly objects: readonly ObjectOptions[]
  /** Limits that drives and nodes can have together. */
  readonly throttleGroups: readonly ThrottleGroupConfig[]
  /** Nodes that are opened before all drives, by the options of blockdev-add. */
  readonly blockdevs: readonly ({ readonly options: OptionValues } & Asked)[]
  readonly drives: readonly (DriveConfig & Asked)[]
  /** Devices whose drives are said for all of their kind: the machine's own cannot have others. */
  readonly drivenModels: readonly string[]
  /** Empty drives that are added where their place is free. */
  readonly defaultDrives: readonly DefaultDrive[]
  /** In the order in which they are opened. */
  readonly chardevs: readonly (ChardevOptions & Asked)[]
  /** Who serves tests of devices: on which character device, and where it logs; undefined for standard error. */
  readonly qtest: { readonly chardev: string; readonly log: string | undefined } | undefined
  /** Back ends of the network, in the order in which they are made. */
  readonly netdevs: readonly NetdevConfig[]
  /** Folders of the host that devices may give to the guest. */
  readonly sharedFolders: readonly SharedFolderConfig[]
  /** Network cards that are the machine's own, in order. */
  readonly cards: readonly PlannedDevice[]
  readonly monitors: readonly MonitorConfig[]
  /** Labels of the character devices of COM1 to COM4; undefined for a port that is not there. */
  readonly serial: readonly (string | undefined)[]
  /** Serial ports that are devices of their own, where no other is. */
  readonly serialDevices: readonly SerialDevice[]
  readonly vga: boolean
  /** The VGA card, if it is a device of its own. */
  readonly videoCard: VideoCard | undefined
  /** Where the screen is served, the first one first. */
  readonly displays: readonly (VncDisplayConfig & Asked)[]
  /** Where the screen is shown to SPICE clients; undefined if nowhere. */
  readonly spice: SpiceConfig | undefined
  /** Where the console page is served; undefined if nowhere. */
  readonly consolePage: (ConsoleAddress & Asked) | undefined
  /** The layout of viewers' keyboards, by its name; undefined for an American one. */
  readonly keymap: string | undefined
  /** What was said of windows that show the screen: there are none. */
  readonly windows: DisplayOptions
  /** -nographic: the firmware uses COM1 as its console. */
  readonly serialConsole: boolean
  /** VMware's backdoor port, and the mouse behind it. */
  readonly vmport: boolean
  /** Power management and the ACPI tables that tell of it. */
  readonly acpi: boolean
  /** -S: the machine waits for `cont`. */
  readonly startPaused: boolean
  /** Where a machine comes from that this one goes on with (-incoming); `defer` if a command will say. */
  readonly incoming: ({ readonly uri: string } & Asked) | undefined
  /** The snapshot inside its images that the machine goes on from (-loadvm). */
  readonly loadvm: string | undefined
  /** What is done when the guest resets, shuts down, panics or does not feed its watchdog. */
  readonly actions: Actions
  /** Guest clock at the start, in milliseconds since the epoch; undefined: the host's, in UTC. */
  readonly rtcBase: number | undefined
  /** The state that the machine begins with does not change that. */
  readonly rtcSteps?: true
  /** Whether it stands still while the guest does, or goes with the host's. */
  readonly rtcStops: boolean
  /** The machine's own parallel ports, in order. */
  readonly parallel: readonly PlannedDevice[]
  /** What is built in beside what every PC has, in order. */
  readonly devices: readonly (ExtraDevice & Asked)[]
  /** All devices that were asked for, in order, as the tree of objects shows them. */
  readonly wished: readonly WishedDevice[]
  /** Disks, CD and floppy drives beside those that drives got by their place, in order. */
  readonly driveDevices: readonly (DriveDeviceConfig & Asked)[]
  /** Which of the devices that were asked for the board has as its own: they stay. */
  readonly lastingDevices: readonly LastingDevice[]
}

/** Memory of the host. What is said of it makes no difference, and can be asked for. */
export interface MemoryBackendConfig {
  readonly id: string
  readonly bytes: number
  /** What else is said of it, as `object-add` takes it. */
  readonly said: Readonly<Record<string, unknown>>
}

/** A device as it was asked for. */
export interface WishedDevice {
  readonly model: string
  readonly id: string | undefined
  /** Its path in the tree of objects. */
  readonly path: string
  /** Those that were said. */
  readonly properties: DeviceProperties
}

export interface SerialDevice {
  /** 0 to 3: COM1 to COM4. */
  readonly port: number
  /** Label of its character device; empty if nothing is behind the port. */
  readonly chardev: string
}

/** Who wants a thing that is opened later, so that a failure can say so: see `startupError()`. */
export interface Asked {
  /** The option as it was written: `-hda disk.img`; undefined for what the machine has by default. */
  readonly origin: string | undefined
  /** What else is to be told when it fails. */
  readonly consequence?: string
}

/** A monitor on a character device: of QMP, or for people. */
export type MonitorConfig = {
  /** Label of the character device. */
  readonly chardev: string
} & ({ readonly mode: 'control'; readonly pretty: boolean } | { readonly mode: 'readline' })
