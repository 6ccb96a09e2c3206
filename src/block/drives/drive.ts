import type { EmitOf } from '../../qapi/index.ts'
import { BlockError } from '../block-error.ts'
import { type Access, idle, type Permission } from '../graph/access.ts'
import type { Attachment, BlockNode } from '../graph/node.ts'
import type { DetectZeroes } from '../open/detect-zeroes.ts'
import type { CacheMode, KeyLock } from '../open/driver.ts'
import type { ThrottleGroup, ThrottleMember } from '../throttling/throttle-group.ts'
import { addUses } from './direct-access.ts'
import type { DriveConfig, DriveMedia, ReadErrorPolicy, WriteErrorPolicy } from './drive-config.ts'
import type { blockEvents } from './events.ts'
import { FailedRequests, type IoStatus } from './failed-requests.ts'
import { deviceAccess, deviceTraits, type GuestDevice } from './guest-device.ts'
import { GuestMedium } from './guest-medium.ts'
import type { GuestPort } from './guest-port.ts'
import type { DrivePlace } from './placement.ts'
import { DriveStatistics } from './statistics.ts'
import { canMoveTray, isTrayLocked, isTrayOpen, moveTray, type TrayMove, type TrayState } from './tray.ts'

/** How the next image is opened, unless something else is asked for: as the one before it was. */
export interface DriveDefaults {
  readonly readOnly: boolean
  readonly detectZeroes: DetectZeroes
  readonly copyOnRead: boolean
  readonly cache: CacheMode
}

export interface DriveSurroundings {
  readonly emit: EmitOf<typeof blockEvents>
  /** Stops the guest because of a request that has failed. */
  readonly stopGuest?: () => void
  /** How long each request is said to take, in nanoseconds; as long as it takes unless said. */
  readonly latencyNs?: number | undefined
  /** Who has the drive, in words for users; the drive itself unless said. */
  readonly owner?: string
}

/**
 * What the guest and the commands call a drive: a place for a medium, with or without one in it, and with or without a
 * device of the guest that has taken it.
 */
export class Drive {
  #id: string
  /** Where it was asked to be; where the guest finds it, its device knows. */
  readonly place: DrivePlace
  readonly media: DriveMedia
  readonly statistics: DriveStatistics
  #tray: TrayState = 'closed'
  #forgotten = false
  #attachment: Attachment | undefined
  #medium: GuestMedium | undefined
  #device: GuestDevice | undefined
  #port: GuestPort | undefined
  #defaults: DriveDefaults
  #throttle: ThrottleMember | undefined
  /** What it is used for beside the guest. */
  #alsoUsed: readonly Permission[] = []
  #emptied: (() => Promise<void>)[] = []
  /** What the guest wants of writes, where it has said so. */
  #wished: boolean | undefined
  readonly #config: Pick<DriveConfig, 'writeback' | 'onReadError' | 'onWriteError'>
  readonly #owner: string
  readonly #failures: FailedRequests
  readonly #emit: DriveSurroundings['emit']

  constructor(
    id: string,
    place: DrivePlace,
    config: Omit<DriveConfig, 'id' | 'position' | 'interface'>,
    { emit, stopGuest = () => undefined, latencyNs, owner = id }: DriveSurroundings,
  ) {
    this.#emit = emit
    this.#owner = owner
    this.#failures = new FailedRequests({ drive: () => this.#failing, emit, stopGuest })
    this.#id = id
    this.place = place
    this.media = config.media
    this.statistics = new DriveStatistics({ ...config.accounting, latencyNs })
    this.#config = config
    const { readOnly, detectZeroes, copyOnRead } = config
    this.#defaults = { readOnly, detectZeroes, copyOnRead, cache: cacheOf(config) }
  }

  /** Empty for a drive that a device has without anybody having made one, and for one that was deleted under its device. */
  get id(): string {
    return this.#id
  }

  /** Writes are complete when the host has them; if not, when they are on stable storage. */
  get writeback(): boolean {
    return this.#wished ?? this.#device?.policies?.writeback ?? this.#config.writeback
  }

  /** The guest wants it so, until it is reset. */
  setWriteback(writeback: boolean): void {
    this.#wished = writeback
  }

  get onReadError(): ReadErrorPolicy {
    if (this.#forgotten) return 'report'
    return this.#device?.policies?.onReadError ?? this.#config.onReadError
  }

  get onWriteError(): WriteErrorPolicy {
    if (this.#forgotten) return 'report'
    return this.#device?.policies?.onWriteError ?? this.#config.onWriteError
  }

  /** The image in the drive. */
  get node(): BlockNode | undefined {
    return this.#attachment?.node
  }

  /** What its image, and those behind it, wait for before they can be read. */
  get locks(): readonly KeyLock[] {
    const locks: KeyLock[] = []
    for (let { node } = this; node !== undefined; node = node.behind)
      locks.push(...(node.driver.lock ? [node.driver.lock] : []))
    return locks
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
    return isTrayOpen(this.#tray)
  }

  get locked(): boolean {
    return isTrayLocked(this.#tray)
  }

  get defaults(): DriveDefaults {
    return this.#defaults
  }

  /**
   * Opens or closes the tray for the host; doing so twice changes nothing.
   *
   * @throws {Error} if it is locked and is to open
   */
  async moveTray(move: Extract<TrayMove, 'open' | 'close' | 'unlock'>): Promise<void> {
    const before = this.trayOpen
    this.#tray = moveTray(this.#tray, move)
    if (this.trayOpen === before) return
    await this.#showGuest()
    this.#tellTrayMoved()
  }

  /** Asks the guest to let go of the medium: as if somebody pressed the eject button. */
  async requestEject(): Promise<void> {
    await this.#port?.requestEject()
  }

  /** The guest moves or locks the tray: whether it may. */
  async guestTray(move: Extract<TrayMove, 'open' | 'close' | 'lock' | 'unlock'>): Promise<boolean> {
    if (!this.hasTray || !canMoveTray(this.#tray, move)) return false
    const before = this.trayOpen
    this.#tray = moveTray(this.#tray, move)
    if (this.trayOpen !== before) {
      this.#tellTrayMoved()
      await this.#showGuest({ expected: true })
    }
    return true
  }

  /** What a reset of the machine does: the tray closes, and nobody is told. */
  async reset(): Promise<void> {
    const before = this.trayOpen
    this.#tray = moveTray(this.#tray, 'reset')
    if (this.trayOpen !== before) await this.#showGuest({ expected: true })
  }

  /** The group whose limits hold for the guest's requests. */
  get throttleGroup(): ThrottleGroup | undefined {
    return this.#throttle?.group
  }

  /** Lets other limits hold, or none; what waits under the old ones starts. */
  setThrottle(member: ThrottleMember | undefined): void {
    const before = this.#throttle
    this.#throttle = member
    before?.leave()
  }

  /**
   * Lets somebody beside the guest do so with this image and the next ones, until another device takes the drive.
   *
   * @throws {BlockError} as `insert()`
   */
  async alsoUse(permissions: readonly Permission[]): Promise<void> {
    if (this.#attachment !== undefined) await addUses(this.#attachment, permissions)
    this.#alsoUsed = [...new Set([...this.#alsoUsed, ...permissions])]
  }

  /** Takes back what `alsoUse()` has let others do. */
  async alsoUseNoMore(): Promise<void> {
    this.#alsoUsed = []
    await this.#attachment?.update(this.#accessTo(this.#attachment.node))
  }

  /** Tells the guest that its medium has another size now. */
  async showSize(): Promise<void> {
    if (this.#medium !== undefined && !this.trayOpen) await this.#port?.resized(this.#medium.byteLength)
  }

  /**
   * Lets another node take the place of the one in the drive while the guest's requests wait; the guest does not notice.
   * If the device cannot have it, the old one stays.
   *
   * @throws {BlockError} as `insert()`
   */
  async switchTo(node: BlockNode): Promise<void> {
    const before = this.#attachment
    if (before === undefined) throw new BlockError('empty', `Drive ${this.id} holds no medium`)
    await before.update(idle)
    try {
      this.#attachment = await node.attach({
        description: `block device '${this.#owner}'`,
        owner: { kind: 'drive', drive: this },
        access: this.#accessTo(node),
      })
    } catch (error) {
      await before.update(this.#accessTo(before.node))
      throw error
    }
    this.#medium?.switchTo(node)
    await before.detach()
  }

  /** Runs work while requests of the guest wait. */
  withoutRequests<T>(work: () => Promise<T>): Promise<T> {
    return this.#medium === undefined ? work() : this.#medium.drained(work)
  }

  /** Joins the drive with the guest's controller. */
  plug(port: GuestPort): void {
    this.#port = port
  }

  /** Undefined if no device reports one, or if no error would stop the guest. */
  get ioStatus(): IoStatus | undefined {
    return this.#failures.status
  }

  /** Whether requests of the guest that have failed wait for it to go on. */
  get waitsForGuest(): boolean {
    return this.#failures.waiting
  }

  /** The guest goes on: what has failed and stopped it is tried again. */
  retryFailed(): void {
    this.#failures.retry()
  }

  /** The guest begins anew: what has failed and stopped it is forgotten. */
  forgetFailed(): void {
    this.#failures.giveUp()
  }

  /**
   * Puts an image into an empty drive, which then keeps it open.
   *
   * @throws {BlockError} kinds `busy`, `locked`, `read-only`, `permission`, if the device cannot have the image
   */
  async insert(node: BlockNode): Promise<void> {
    if (this.#attachment !== undefined) throw new BlockError('busy', `Drive ${this.id} holds a medium already`)
    this.#attachment = await node.attach({
      description: `block device '${this.#owner}'`,
      owner: { kind: 'drive', drive: this },
      access: this.#accessTo(node),
    })
    this.#medium = new GuestMedium(node, {
      statistics: this.statistics,
      writeback: () => this.writeback,
      throttle: () => this.#throttle,
      failed: (operation, error) => this.#failures.judge(operation, error),
    })
    try {
      if (!this.trayOpen) await this.#showGuest()
    } catch (error) {
      // The guest's device cannot have it: as if it had never been there.
      await this.remove()
      throw error
    }
    const { readOnly, detectZeroes, copiesReads: copyOnRead, cache } = node
    this.#defaults = { readOnly, detectZeroes, copyOnRead, cache }
  }

  /** Takes the image out; it closes if nobody else uses it. Waits for requests under way. */
  async remove(): Promise<void> {
    const attachment = this.#attachment
    this.#attachment = undefined
    this.#medium = undefined
    if (attachment === undefined) return
    this.#failures.giveUp()
    if (!this.trayOpen) await this.#showGuest()
    for (const hear of this.#emptied.splice(0)) await hear()
    await attachment.detach()
  }

  /** Somebody else shows the image that is in the drive, and lets go of it, once, when it leaves. */
  onceEmpty(hear: () => Promise<void>): void {
    this.#emptied.push(hear)
  }

  /** Takes image and name away for good; the guest's requests fail from then on, and stop nothing. */
  async forget(): Promise<void> {
    this.#forgotten = true
    await this.#medium?.withdraw()
    // A disk stays where it is, and fails; only what is removable can be seen to go.
    if (!this.removable) this.#port = undefined
    await this.remove()
    this.#id = ''
  }

  /** Takes the image out when the machine is gone: no guest is told. */
  close(): Promise<void> {
    this.#port = undefined
    this.setThrottle(undefined)
    return this.remove()
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
    this.#alsoUsed = []
    this.#device = device
    this.statistics.account(device.policies?.accounts ?? {})
  }

  get #failing() {
    const stops = this.#device !== undefined && deviceTraits[this.#device.model].ioStatus
    const { id, onReadError, onWriteError } = this
    return { id, nodeName: this.node?.name, policies: stops ? { onReadError, onWriteError } : undefined }
  }

  #accessTo(node: BlockNode): Access {
    const { uses, shares } = deviceAccess(this.#device, node)
    return { uses: [...new Set([...uses, ...(node.readOnly ? [] : this.#alsoUsed)])], shares }
  }

  async #showGuest({ expected = false } = {}): Promise<void> {
    await this.#port?.setMedium(this.trayOpen ? undefined : this.#medium, { open: this.trayOpen, expected })
  }

  #tellTrayMoved(): void {
    this.#emit('DEVICE_TRAY_MOVED', { device: this.id, id: this.#device?.path ?? '', 'tray-open': this.trayOpen })
  }
}

function cacheOf({ nodeOptions }: Pick<DriveConfig, 'nodeOptions'>): CacheMode {
  const isOn = (name: string): boolean => nodeOptions[name] === 'on' || nodeOptions[name] === true
  return { direct: isOn('cache.direct'), noFlush: isOn('cache.no-flush') }
}
