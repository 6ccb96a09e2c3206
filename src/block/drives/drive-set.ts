import { Scope } from '../../async/index.ts'
import type { FileSource } from '../../descriptors/index.ts'
import { QmpError } from '../../qapi/index.ts'
import { BlockError } from '../block-error.ts'
import type { GraphOperation } from '../graph/blockers.ts'
import type { BlockNode } from '../graph/node.ts'
import { NodeGraph, type NodeGraphOptions } from '../graph/node-graph.ts'
import { Turns } from '../graph/turns.ts'
import type { Damage } from '../open/driver.ts'
import { ThrottleGroups } from '../throttling/throttle-groups.ts'
import { Drive, type DriveSurroundings } from './drive.ts'
import { type DriveConfig, hasImage } from './drive-config.ts'
import type { DriveDeviceConfig } from './drive-device-config.ts'
import { driveFromOptions } from './drive-options.ts'
import { deviceTraits, type GuestDeviceModel } from './guest-device.ts'
import { checkPcPlace, type DrivePlace, driveName, placeDevice, placeDrive } from './placement.ts'
import { type ThrowawayOverlay, throwawayOverlay } from './throwaway-overlay.ts'

export interface DriveSetOptions {
  /** Sends the events of drives to whoever listens. */
  readonly emit?: DriveSurroundings['emit']
  /** Stops the guest because of a request that has failed. */
  readonly stopGuest?: () => void
  /** Whether a test steers the machine (`-accel qtest`): each request is said to take as long, breakpoints print nothing. */
  readonly qtest?: boolean
  /** Passwords for images that are encrypted, by the names that options have for them. */
  readonly secret?: (id: string) => Uint8Array | undefined
  /** What secures connections to servers of images. */
  readonly securing?: NodeGraphOptions['securing']
  /** Hears what a user should know, a text of one or more lines: that a format was guessed, say. */
  readonly warn?: (text: string) => void
  /** Hears what is said in the program's name. Default: as `warn`. */
  readonly complain?: (text: string) => void
  /** Whether the images are another process's at first, until `graph.claim()`. */
  readonly inactive?: boolean
  /** Limits that drives have together; none at first, if absent. */
  readonly throttleGroups?: ThrottleGroups
  /** Opens files whose names stand for descriptors that were passed. */
  readonly files?: FileSource
  /** Whether the guest has a device of that id or path, if only one without a drive. */
  readonly knowsDevice?: (id: string) => boolean
  /** Hears of nodes whose connections can be broken at once. */
  readonly yankable?: NodeGraphOptions['yankable']
  /** Prints a line for the user where QEMU does: of images that are made. */
  readonly print?: (text: string) => void
}

/** How long requests take for tests, which rely on it. */
const qtestLatencyNs = 1_000_000

/** The drives that a PC has even if nobody asks for them, in the order in which QEMU makes them. */
const defaultDrives: Readonly<Record<DefaultDrive, Readonly<Record<string, string>>>> = {
  cdrom: { if: 'ide', index: '2', media: 'cdrom' },
  floppy: { if: 'floppy', index: '0' },
  sdcard: { if: 'sd', index: '0' },
}

/** How commands name a drive: by its own name, or by the guest device that has it. */
export interface DriveTarget {
  readonly device?: string | undefined
  /** The id of a guest device, or its QOM path. */
  readonly id?: string | undefined
}

export type DefaultDrive = 'cdrom' | 'floppy' | 'sdcard'

/** What may be done to an image though another one is written over it. */
const allowedBelow: readonly GraphOperation[] = ['commit-target', 'stream', 'backup-source', 'backup-target']

/** The drives of a machine, by name, and the nodes of their images. */
export class DriveSet implements AsyncDisposable {
  readonly graph: NodeGraph
  /** In the order in which they were made; those without a name are found by their device. */
  readonly #drives: Drive[] = []
  readonly #throwaway: ThrowawayOverlay[] = []
  readonly #givenIds = new Set<string>()
  readonly throttleGroups: ThrottleGroups
  readonly #turns = new Turns()
  /** Sends an event of drives. */
  readonly emit: DriveSurroundings['emit']
  /** Prints a line for the user. */
  readonly print: (text: string) => void
  readonly #surroundings: DriveSurroundings
  readonly #knowsDevice: (id: string) => boolean

  constructor(options: DriveSetOptions = {}) {
    const {
      warn,
      complain,
      secret,
      files,
      securing,
      inactive = false,
      emit = () => undefined,
      print = () => undefined,
      stopGuest = () => undefined,
      qtest = false,
      throttleGroups = new ThrottleGroups(),
      knowsDevice = () => false,
      yankable,
    } = options
    this.#knowsDevice = knowsDevice
    this.throttleGroups = throttleGroups
    this.emit = emit
    this.print = print
    this.#surroundings = { emit, stopGuest, ...(qtest && { latencyNs: qtestLatencyNs }) }
    this.graph = new NodeGraph({
      drive: (name) => this.find(name),
      print: qtest ? () => undefined : print,
      throttleGroups: this.throttleGroups,
      damaged: (node, damage) => this.#tellOfDamage(node, damage),
      ...(warn === undefined ? {} : { warn }),
      ...(complain === undefined ? {} : { complain }),
      ...(secret === undefined ? {} : { secret }),
      ...(files === undefined ? {} : { files }),
      ...(securing === undefined ? {} : { securing }),
      ...(yankable === undefined ? {} : { yankable }),
      legacyEncryption: false,
      inactive,
    })
  }

  /** In the order in which they were made, which is the order of query-block. */
  [Symbol.iterator](): Iterator<Drive> {
    return this.#drives.values()
  }

  find(id: string): Drive | undefined {
    return id === '' ? undefined : this.#drives.find((drive) => drive.id === id)
  }

  /**
   * The drive that a command means.
   *
   * @throws {QmpError} DeviceNotFound, if there is none; GenericError, if it is not named in exactly one way
   */
  locate({ device, id }: DriveTarget): Drive {
    if ((device === undefined) === (id === undefined)) {
      throw new QmpError('GenericError', "Need exactly one of 'device' and 'id'")
    }
    const users = '/machine/peripheral/' // where names begin that are no paths
    const named = (path: string | undefined): boolean =>
      [path, `${users}${path}`].some((each) => each === id || each === `${users}${id}`)
    const drive = device !== undefined ? this.find(device) : [...this].find((one) => named(one.device?.path))
    if (drive !== undefined) return drive
    if (id !== undefined && this.#knowsDevice(id)) {
      throw new QmpError('GenericError', 'Device does not have a block device backend')
    }
    throw new QmpError('DeviceNotFound', `Device '${device ?? id}' not found`)
  }

  /**
   * The image that a command means.
   *
   * @throws {BlockError} kind `missing`, if there is no such drive and no such node; `empty`, if the drive has no medium
   */
  image({ device, nodeName }: { device?: string | undefined; nodeName?: string | undefined }): BlockNode {
    const drive = device === undefined ? undefined : this.find(device)
    const node = drive?.node ?? (nodeName === undefined ? undefined : this.graph.find(nodeName))
    if (drive !== undefined && drive.node === undefined) {
      throw new BlockError('empty', `Device '${device}' has no medium`, { drive: drive.id })
    }
    if (node !== undefined) return node
    throw new BlockError('missing', `Cannot find device='${device ?? ''}' nor node-name='${nodeName ?? ''}'`)
  }

  /** The drives that have a node as their image. */
  holding(node: BlockNode): Drive[] {
    return this.#drives.filter((drive) => drive.node === node)
  }

  #overlay(node: BlockNode): BlockNode | undefined {
    return this.graph.above(node).findLast(({ role }) => role === 'backing')?.node
  }

  /** What users call a node: by its drive, if it is in one. */
  nameOf(node: BlockNode): string {
    return this.holding(node).find(({ id }) => id !== '')?.id ?? node.name
  }

  /** Whether a job, or an image that is written over this one, is in the way of an operation. */
  isBusy(node: BlockNode, operation: GraphOperation): boolean {
    return this.#reasonAgainst(node, operation) !== undefined
  }

  /**
   * Refuses what would disturb a job, or an image that is written over this one.
   *
   * @throws {BlockError} kind `busy`
   */
  checkFree(node: BlockNode, operation: GraphOperation): void {
    const reason = this.#reasonAgainst(node, operation)
    if (reason === undefined) return
    throw new BlockError('busy', `Node '${this.nameOf(node)}' is busy: ${reason}`, { node: node.name })
  }

  #reasonAgainst(node: BlockNode, operation: GraphOperation): string | undefined {
    const reason = node.blockers.against(operation)
    if (reason !== undefined || allowedBelow.includes(operation)) return reason
    const overlay = this.#overlay(node)
    return overlay === undefined ? undefined : `node is used as backing hd of '${overlay.name}'`
  }

  /**
   * Lets an operation that changes what is in drives have them to itself, one after the other. `work` must not ask for
   * another turn.
   */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(work)
  }

  /** Whether requests of the guest that have failed wait for it to go on. */
  get waitForGuest(): boolean {
    return this.#drives.some((drive) => drive.waitsForGuest)
  }

  /**
   * Looks whether images wait for their keys.
   *
   * @throws {QmpError} DeviceEncrypted, in the words of QEMU 1.3
   */
  checkKeys(...drives: readonly Drive[]): void {
    for (const drive of drives.length === 0 ? this : drives) {
      if (!drive.locks.some(({ locked }) => locked)) continue
      throw new QmpError('DeviceEncrypted', `'${drive.id}' (${drive.node!.filename}) is encrypted`)
    }
  }

  /** The guest goes on: what has failed and stopped it is tried again. */
  retryFailed(): void {
    for (const drive of this.#drives) drive.retryFailed()
  }

  /** The guest is about to begin anew: what has failed and stopped it is forgotten. */
  forgetFailed(): void {
    for (const drive of this.#drives) drive.forgetFailed()
  }

  /** What a reset of the machine does to drives. */
  async reset(): Promise<void> {
    for (const drive of this) await drive.reset()
  }

  /**
   * Makes a drive and opens its image.
   *
   * @throws {BlockError} in QEMU's words, if the place or the name is taken or the image cannot be opened
   */
  add(config: DriveConfig): Promise<Drive> {
    return this.#turns.take(async () => {
      if (config.id !== undefined && this.#givenIds.has(config.id)) {
        throw new BlockError('duplicate', `Duplicate ID '${config.id}' for drive`, { drive: config.id })
      }
      const place = placeDrive(config, this.#places)
      checkPcPlace(place)
      const node = await this.#openImage(config)
      try {
        const drive = this.#make(config, place)
        if (node !== undefined) await this.#fill(drive, node, config)
        if (config.id !== undefined) this.#givenIds.add(config.id)
        return drive
      } catch (error) {
        await node?.close()
        throw error
      }
    })
  }

  /**
   * Deletes a drive, with its image, also under the device that has it: the guest's requests fail then.
   *
   * @throws {BlockError} kind `missing`, if there is no such drive; `busy`, if its image is not to be taken away
   */
  delete(id: string): Promise<void> {
    return this.#turns.take(async () => {
      const drive = this.find(id)
      if (drive === undefined) throw new BlockError('missing', `Device '${id}' not found`, { drive: id })
      if (drive.node !== undefined) this.checkFree(drive.node, 'drive-del')
      await drive.forget()
      if (drive.device !== undefined) return
      this.#drives.splice(this.#drives.indexOf(drive), 1)
      this.#givenIds.delete(id)
    })
  }

  /** Adds the drives that a PC has by default, where their places are free. They are empty. */
  addDefaults(wanted: Iterable<DefaultDrive> = ['cdrom', 'floppy', 'sdcard']): void {
    for (const name of wanted) {
      const config = driveFromOptions(defaultDrives[name])
      const place = placeDrive(config, [])
      if (!this.#places.some((other) => samePlace(other, place))) this.#make(config, place)
    }
  }

  /** @throws {BlockError} in QEMU's words, if there is no such drive or node, or if another device has it */
  checkBackend({
    model,
    backend,
    saidBy,
  }: {
    model: GuestDeviceModel
    backend: string
    saidBy?: string | undefined
  }): void {
    const said = saidBy === undefined ? '' : `${saidBy}: `
    const drive = this.find(backend)
    if (drive?.device !== undefined) throw alreadyInUse(drive, said)
    if (drive !== undefined || this.graph.find(backend) !== undefined) return
    const { owner = model } = deviceTraits[model]
    throw new BlockError('missing', `${said}Property '${owner}.drive' can't find value '${backend}'`)
  }

  /**
   * Gives a device its drive: the one that it names, one of its own for the node that it names, or an empty one.
   *
   * @throws {BlockError} in QEMU's words, if there is no such drive, if another device has it, if the place is taken, or if
   * the device cannot have the image
   */
  addDevice({ backend, backendSaidBy, position, ...device }: DriveDeviceConfig): Promise<Drive> {
    return this.#turns.take(async () => {
      const { model, path } = device
      const { removable, withoutDrive = 'No drive specified' } = deviceTraits[model]
      if (backend !== undefined) this.checkBackend({ model, backend, saidBy: backendSaidBy })
      const drive = backend === undefined ? undefined : this.find(backend)
      const node = backend === undefined || drive !== undefined ? undefined : this.graph.find(backend)
      if (backend === undefined && !removable) throw new BlockError('invalid', withoutDrive)
      const connected = [...this].flatMap((other) => other.device?.place ?? [])
      const place = placeDevice(model, position, connected)
      if (drive !== undefined) {
        await drive.connect({ ...device, place })
        return drive
      }
      const media = model === 'ide-cd' || model === 'scsi-cd' ? 'cdrom' : 'disk'
      const own = new Drive('', place, { ...ownDrive, media }, { ...this.#surroundings, owner: path })
      if (node !== undefined) await own.insert(node)
      try {
        await own.connect({ ...device, place })
      } catch (error) {
        await own.remove()
        throw error
      }
      this.#drives.push(own)
      return own
    })
  }

  /**
   * A device has gone, and its drive with it, whether it was made for the device or before: so it is with QEMU. What it was
   * asked for ends first. An image that others use stays open.
   */
  removeDevice(path: string): Promise<void> {
    return this.#turns.take(async () => {
      const drive = this.#drives.find(({ device }) => device?.path === path)
      if (drive === undefined) return
      const { id } = drive
      await drive.forget()
      this.#drives.splice(this.#drives.indexOf(drive), 1)
      this.#givenIds.delete(id)
    })
  }

  /** Takes the media out of all drives and closes every image. What was flushed before is on the disk. */
  async close(): Promise<void> {
    const ending = new Scope()
    for (const overlay of this.#throwaway.splice(0)) ending.own(() => overlay.remove())
    ending.own(this.graph)
    for (const drive of this.#drives) ending.own(() => drive.close())
    await ending.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #places(): DrivePlace[] {
    return this.#drives.map((drive) => drive.place)
  }

  async #openImage(config: DriveConfig): Promise<BlockNode | undefined> {
    if (!hasImage(config)) return undefined
    const { file, nodeOptions, readOnly, snapshot, detectZeroes, copyOnRead } = config
    const options = { ...nodeOptions, 'detect-zeroes': detectZeroes }
    const copyReads = copyOnRead && !snapshot
    const node = await this.graph.open({ filename: file, options, readOnly: readOnly || snapshot, copyReads })
    if (!snapshot) return node
    try {
      const overlay = await throwawayOverlay(this.graph, node, readOnly)
      this.#throwaway.push(overlay)
      if (copyOnRead) overlay.node.copyReads()
      return overlay.node
    } catch (error) {
      await node.close()
      throw error
    }
  }

  async #fill(drive: Drive, node: BlockNode, { throttle }: DriveConfig): Promise<void> {
    await drive.insert(node)
    if (throttle !== undefined) this.throttleGroups.limit(drive, throttle.limits, throttle.group)
  }

  #make(config: DriveConfig, place: DrivePlace): Drive {
    const id = config.id ?? driveName(place, config.media)
    if (this.find(id) !== undefined) {
      throw new BlockError('duplicate', `Device with id '${id}' already exists`, { drive: id })
    }
    if (this.graph.find(id) !== undefined) {
      throw new BlockError('duplicate', `Device name '${id}' conflicts with an existing node name`, { drive: id })
    }
    const drive = new Drive(id, place, config, this.#surroundings)
    this.#drives.push(drive)
    return drive
  }

  #tellOfDamage(node: string, { message, range, fatal }: Damage): void {
    this.emit('BLOCK_IMAGE_CORRUPTED', {
      device: this.#drives.find((drive) => drive.node?.name === node)?.id ?? '',
      'node-name': node,
      msg: message,
      ...(range !== undefined && { offset: range.offset, size: range.length }),
      fatal,
    })
  }
}

/** What a drive is like that a device has without anybody having made one: what is put into it is read-only at first. */
const ownDrive = driveFromOptions({ if: 'none', readonly: 'on' })

/** A drive of which one that was made for a place of the PC says what to do. */
export function alreadyInUse({ id, place }: Drive, said = ''): BlockError {
  const text =
    place.interface === 'none'
      ? `Drive '${id}' is already in use by another device`
      : `Drive '${id}' is already in use because it has been automatically connected to another device ` +
        `(did you need 'if=none' in the drive options?)`
  return new BlockError('busy', said + text, { drive: id })
}

function samePlace(one: DrivePlace, other: DrivePlace): boolean {
  return one.interface === other.interface && one.bus === other.bus && one.unit === other.unit
}
