import type {
  DefaultDrive,
  DriveConfig,
  DriveDeviceConfig,
  OptionValues,
  SecretConfig,
  ThrottleGroupConfig,
} from '../block/index.ts'
import type { BoardDevice } from '../board/index.ts'
import type { ChardevOptions } from '../chardev/index.ts'
import type { Actions } from '../runstate/index.ts'

/** A machine as it is to be built: plain data, every word understood, nothing opened yet. */
export interface MachineConfig {
  readonly name: string | undefined
  /** In lower case, 8-4-4-4-12. */
  readonly uuid: string | undefined
  /** `none` has neither CPU nor devices. */
  readonly machine: 'pc' | 'none'
  /** What executes: the emulator in its worker thread, or nothing at all. */
  readonly accel: 'v86' | 'none'
  /** A multiple of 1 MiB, at most 2040 MiB. */
  readonly ramBytes: number
  /** Where firmware is looked for: an image by name or path, and folders that come before the usual ones. */
  readonly firmware: { readonly bios: string | undefined; readonly folders: readonly string[] }
  /** Linux without a boot loader. */
  readonly kernel: { readonly image: string; readonly initrd: string | undefined; readonly append: string } | undefined
  readonly boot: {
    /** Letters: a = floppy, c = disk, d = CD, n = network; at most three. */
    readonly order: string
    /** The order of the first boot, if it differs. */
    readonly once: string | undefined
    readonly menu: boolean
    readonly splashTimeMs: number | undefined
  }
  /** Passwords for images. */
  readonly secrets: readonly SecretConfig[]
  /** Limits that drives and nodes can have together. */
  readonly throttleGroups: readonly ThrottleGroupConfig[]
  /** Nodes that are opened before all drives, by the options of blockdev-add. */
  readonly blockdevs: readonly ({ readonly options: OptionValues } & Asked)[]
  readonly drives: readonly (DriveConfig & Asked)[]
  /** Empty drives that are added where their place is free. */
  readonly defaultDrives: readonly DefaultDrive[]
  /** In the order in which they are opened. */
  readonly chardevs: readonly (ChardevOptions & Asked)[]
  readonly monitors: readonly MonitorConfig[]
  /** Labels of the character devices of COM1 to COM4; undefined for a port that is not there. */
  readonly serial: readonly (string | undefined)[]
  readonly vga: boolean
  /** VMware's backdoor port, and the mouse behind it. */
  readonly vmport: boolean
  /** -S: the machine waits for `cont`. */
  readonly startPaused: boolean
  /** What is done when the guest resets, shuts down, panics or does not feed its watchdog. */
  readonly actions: Actions
  /** Guest clock at the start, in milliseconds since the epoch; undefined: the host's, in UTC. */
  readonly rtcBase: number | undefined
  /** Whether it stands still while the guest does, or goes with the host's. */
  readonly rtcStops: boolean
  /** What is built in beside what every PC has, in order. */
  readonly devices: readonly BoardDevice[]
  /** Disks, CD and floppy drives beside those that drives got by their place, in order. */
  readonly driveDevices: readonly (DriveDeviceConfig & Asked)[]
}

/** Who wants a thing that is opened later, so that a failure can say so: see `startupError()`. */
export interface Asked {
  /** The option as it was written: `-hda disk.img`; undefined for what the machine has by default. */
  readonly origin: string | undefined
  /** What else is to be told when it fails. */
  readonly consequence?: string
}

/** A QMP monitor on a character device. */
export interface MonitorConfig {
  /** Label of the character device. */
  readonly chardev: string
  readonly pretty: boolean
}
