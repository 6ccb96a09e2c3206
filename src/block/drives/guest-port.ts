import type { GuestMedium } from './guest-medium.ts'

/** The guest's end of a drive: what the drive tells the controller on the board. */
export interface GuestPort {
  /**
   * What the guest finds in the drive from now on; the medium in an open tray cannot be read and is not told. Unless it is
   * `expected`, as the guest has moved the tray itself or was reset, the guest hears of a new medium.
   */
  setMedium(
    medium: GuestMedium | undefined,
    tray: { readonly open: boolean; readonly expected: boolean },
  ): Promise<void>
  /** The medium has another size now. */
  resized(byteLength: number): Promise<void>
  /** Somebody presses the eject button; what follows is up to the guest. */
  requestEject(): Promise<void>
}
