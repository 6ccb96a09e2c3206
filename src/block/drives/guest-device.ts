import { type Access, idle } from '../access.ts'
import type { BlockNode } from '../node.ts'

/** The guest's side of a drive. */
export type GuestDeviceModel = 'ide-hd' | 'ide-cd' | 'floppy'

/** A device that has taken a drive. */
export interface GuestDevice {
  readonly model: GuestDeviceModel
  /** The id that the user gave it, or its QOM path. */
  readonly path: string
}

export interface GuestDeviceTraits {
  /** Media come and go. */
  readonly removable: boolean
  readonly tray: boolean
  /** Stops the guest on errors if asked to, and so has an I/O status. */
  readonly ioStatus: boolean
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
  floppy: {
    removable: true,
    tray: false,
    ioStatus: false,
    access: (node) => ({ uses: node?.readOnly === false ? ['read', 'write'] : ['read'], shares: ['read'] }),
  },
}

/** What a drive does with its medium when no device, or this one, has taken it. */
export function deviceAccess(device: GuestDevice | undefined, node: BlockNode): Access {
  return device === undefined ? idle : deviceTraits[device.model].access(node)
}
