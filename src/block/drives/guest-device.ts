import { type Access, idle } from '../graph/access.ts'
import type { BlockNode } from '../graph/node.ts'
import type { Accounting } from './accounting.ts'
import type { ReadErrorPolicy, WriteErrorPolicy } from './drive-config.ts'
import type { DrivePlace } from './placement.ts'

/** The guest's side of a drive. */
export type GuestDeviceModel =
  | 'ide-hd'
  | 'ide-cd'
  | 'floppy'
  | 'virtio-blk-pci'
  | 'scsi-hd'
  | 'scsi-cd'
  | 'cfi.pflash01'

/** A device that has taken a drive. */
export interface GuestDevice {
  readonly model: GuestDeviceModel
  /** The id that the user gave it, or its QOM path. */
  readonly path: string
  /** Where it is. */
  readonly place: DrivePlace
  /** When the firmware tries to boot from it, compared with others; undefined for after those that have one. */
  readonly bootIndex?: number
  /** What it tells the guest of itself, where that is not what such devices say. */
  readonly identity?: DeviceIdentity
  /** What it says of its drive, where that is not what the drive was made with. */
  readonly policies?: DevicePolicies
}

/** What a drive is to the guest. */
export interface DeviceIdentity {
  /** What a disk or CD drive tells of itself; what is beyond 20 or 40 characters is cut off. */
  readonly serial?: string
  readonly model?: string
  /** What a floppy drive is, if not what its first medium wants: of 1.2, 1.44 or 2.88 MB, or of no type. */
  readonly floppyType?: '120' | '144' | '288' | 'none'
}

export interface DevicePolicies {
  readonly onReadError?: ReadErrorPolicy
  readonly onWriteError?: WriteErrorPolicy
  readonly writeback?: boolean
  /** Whether invalid and failed requests count in the statistics. */
  readonly accounts?: Partial<Pick<Accounting, 'invalid' | 'failed'>>
  /** Others may write to the image, too. */
  readonly sharesWrites?: boolean
}

export interface GuestDeviceTraits {
  /** Media come and go. */
  readonly removable: boolean
  readonly tray: boolean
  /** Stops the guest on errors if asked to, and so has an I/O status. */
  readonly ioStatus: boolean
  /** What has the property `drive`, where that is not the device itself. */
  readonly owner?: string
  /** What is said if it names none, where that is not what disks say. */
  readonly withoutDrive?: string
  /** What it does with its medium. */
  access(node: BlockNode | undefined): Access
}

export const deviceTraits: Readonly<Record<GuestDeviceModel, GuestDeviceTraits>> = {
  'ide-hd': {
    removable: false,
    tray: false,
    ioStatus: true,
    access: () => ({ uses: ['read', 'write'], shares: ['read', 'resize'] }),
  },
  'ide-cd': {
    removable: true,
    tray: true,
    ioStatus: true,
    access: () => ({ uses: ['read'], shares: ['read'] }),
  },
  'scsi-hd': {
    withoutDrive: 'drive property not set',
    removable: false,
    tray: false,
    ioStatus: true,
    access: (node) => ({ uses: node?.readOnly === false ? ['read', 'write'] : ['read'], shares: ['read', 'resize'] }),
  },
  'scsi-cd': {
    removable: true,
    tray: true,
    ioStatus: true,
    access: () => ({ uses: ['read'], shares: ['read'] }),
  },
  'virtio-blk-pci': {
    owner: 'virtio-blk-device',
    withoutDrive: 'drive property not set',
    removable: false,
    tray: false,
    ioStatus: true,
    access: (node) => ({ uses: node?.readOnly === false ? ['read', 'write'] : ['read'], shares: ['read', 'resize'] }),
  },
  'cfi.pflash01': {
    removable: false,
    tray: false,
    ioStatus: false,
    access: (node) => ({
      uses: node?.readOnly === false ? ['read', 'write'] : ['read'],
      shares: ['read', 'write', 'resize'],
    }),
  },
  floppy: {
    removable: true,
    tray: false,
    ioStatus: false,
    access: (node) => ({ uses: node?.readOnly === false ? ['read', 'write'] : ['read'], shares: ['read'] }),
  },
}

/** What a drive does with its medium when no device, or this one, has taken it. */
export function deviceAccess(device: GuestDevice | undefined, node: BlockNode): Access {
  if (device === undefined) return idle
  const access = deviceTraits[device.model].access(node)
  return device.policies?.sharesWrites === true ? { ...access, shares: [...access.shares, 'write'] } : access
}
