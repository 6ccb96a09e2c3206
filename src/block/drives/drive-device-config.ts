import type { GuestDevice } from './guest-device.ts'

/** A device of the guest that is to have a drive (`-device ide-hd`), every word understood. */
export interface DriveDeviceConfig extends Omit<GuestDevice, 'place'> {
  /** Name of a drive, or of a node; undefined for a device whose drive is empty. */
  readonly backend: string | undefined
  /** Who has named it, if not the one who wants the device: stands before what is wrong with it. */
  readonly backendSaidBy?: string
  /** Where the user wants the device; what is undefined is found. */
  readonly position: { readonly bus: number | undefined; readonly unit: number | undefined }
}
