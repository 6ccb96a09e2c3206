import { BlockError } from '../block-error.ts'
import type { Attachment, BlockNode } from '../node.ts'
import type { DriveConfig, DriveMedia, ReadErrorPolicy, WriteErrorPolicy } from './drive-config.ts'
import { deviceAccess, deviceTraits, type GuestDevice } from './guest-device.ts'
import { GuestMedium } from './guest-medium.ts'
import type { DrivePlace } from './placement.ts'
import { DriveStatistics } from './statistics.ts'
import { moveTray, type TrayMove, type TrayState } from './tray.ts'

/** Whether the guest stands still because of this drive, and why. */
export type IoStatus = 'ok' | 'failed' | 'nospace'

/**
 * What the guest and the commands call a drive: a place for a medium, with or without one in it, and with or without a
 * device of the guest that has taken it.
 */
export class Drive {
  readonly id: string
  readonly place: DrivePlace
  readonly media: DriveMedia
  readonly writeback: boolean
  readonly onReadError: ReadErrorPolicy
  readonly onWriteError: WriteErrorPolicy
  readonly statistics = new DriveStatistics()
  #tray: TrayState = 'closed'
  #attachment: Attachment | undefined
  #medium: GuestMedium | undefined
  #device: GuestDevice | undefined

  constructor(id: string, place: DrivePlace, config: Omit<DriveConfig, 'id' | 'position' | 'interface'>) {
    this.id = id
    this.place = place
    this.media = config.media
    this.writeback = config.writeback
    this.onReadError = config.onReadError
    this.onWriteError = config.onWriteError
  }

  /** The image in the drive. */
  get node(): BlockNode | undefined {
    return this.#attachment?.node
  }

  /** The image as the guest's controller reads and writes it. */
  get medium(): GuestMedium | undefined {
    return this.#medium
  }

  get device(): GuestDevice | undefined {
    return this.#device
  }

  /** Media come and go: also true while no device says otherwise. */
  get removable(): boolean {
    return this.#device === undefined || deviceTraits[this.#device.model].removable
  }

  get hasTray(): boolean {
    return this.#device !== undefined && deviceTraits[this.#device.model].tray
  }

  get tray(): TrayState {
    return this.#tray
  }

  get trayOpen(): boolean {
    return this.#tray === 'open' || this.#tray === 'open-locked'
  }

  get locked(): boolean {
    return this.#tray === 'locked' || this.#tray === 'open-locked'
  }

  /** What the guest, or the user, does to the tray. @throws {Error} if it is locked and is to open */
  moveTray(move: TrayMove): void {
    this.#tray = moveTray(this.#tray, move)
  }

  /** Undefined if no device reports one, or if no error would stop the guest. */
  get ioStatus(): IoStatus | undefined {
    if (this.#device === undefined || !deviceTraits[this.#device.model].ioStatus) return undefined
    const stops = this.onReadError === 'stop' || this.onWriteError === 'stop' || this.onWriteError === 'enospc'
    return stops ? 'ok' : undefined
  }

  /**
   * Puts an image into an empty drive, which then keeps it open.
   *
   * @throws {BlockError} kinds `busy`, `locked`, `read-only`, `permission`, if the device cannot have the image
   */
  async insert(node: BlockNode): Promise<void> {
    if (this.#attachment !== undefined) throw new BlockError('busy', `Drive ${this.id} holds a medium already`)
    this.#attachment = await node.attach({
      description: `block device '${this.id}'`,
      access: deviceAccess(this.#device, node),
    })
    this.#medium = new GuestMedium(node, { statistics: this.statistics, writeback: this.writeback })
  }

  /** Takes the image out; it closes if nobody else uses it. Waits for requests under way. */
  async remove(): Promise<void> {
    const attachment = this.#attachment
    this.#attachment = undefined
    this.#medium = undefined
    await attachment?.detach()
  }

  /**
   * Gives the drive to a device of the guest.
   *
   * @throws {BlockError} kind `empty`, if the device needs a medium; kinds of `insert()`, if it cannot have this one
   */
  async connect(device: GuestDevice): Promise<void> {
    if (this.#attachment === undefined) {
      if (!deviceTraits[device.model].removable) {
        throw new BlockError('empty', 'Device needs media, but drive is empty', { drive: this.id })
      }
    } else {
      await this.#attachment.update(deviceAccess(device, this.#attachment.node))
    }
    this.#device = device
  }
}
