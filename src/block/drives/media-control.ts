import { BlockError } from '../block-error.ts'
import { formats } from '../formats/table.ts'
import type { BlockNode } from '../graph/node.ts'
import { protocols } from '../protocols/table.ts'
import type { Drive } from './drive.ts'
import type { DriveSet, DriveTarget } from './drive-set.ts'

export interface ForceOption {
  /** Do it even if the guest has locked the tray. */
  readonly force?: boolean | undefined
}

export type ReadOnlyMode = 'retain' | 'read-only' | 'read-write'

export interface NewMedium extends ForceOption {
  readonly filename: string
  /** Guessed if absent. */
  readonly format?: string | undefined
  readonly readOnlyMode?: ReadOnlyMode | undefined
}

/** Changes media and moves trays, for the host. Errors are in QEMU's words. */
export class MediaControl {
  readonly #drives: DriveSet

  constructor(drives: DriveSet) {
    this.#drives = drives
  }

  /** Opens the tray and takes the medium out. @throws {BlockError} @throws {QmpError} as `DriveSet.locate()` */
  eject(target: DriveTarget, { force = false }: ForceOption): Promise<void> {
    return this.#on(target, async (drive, name) => {
      await openForChange(drive, name, force)
      await takeOut(drive, name)
    })
  }

  /**
   * Opens the tray, or asks the guest to: a tray that the guest has locked opens when the guest lets go, or at once by
   * force. Does nothing to a drive without a tray.
   */
  openTray(target: DriveTarget, { force = false }: ForceOption): Promise<void> {
    return this.#on(target, async (drive, name) => {
      await open(drive, name, force)
    })
  }

  closeTray(target: DriveTarget): Promise<void> {
    return this.#on(target, async (drive, name) => {
      if (!drive.removable) throw notRemovable(name)
      if (drive.hasTray) await drive.moveTray('close')
    })
  }

  /** Takes the medium out of an open tray. */
  remove(target: DriveTarget): Promise<void> {
    return this.#on(target, (drive, name) => takeOut(drive, name))
  }

  /** Puts a node into an open, empty tray. */
  insert(target: DriveTarget, nodeName: string): Promise<void> {
    return this.#on(target, async (drive) => {
      const node = this.#drives.graph.find(nodeName)
      if (node === undefined) throw new BlockError('missing', `Node '${nodeName}' not found`, { node: nodeName })
      if ([...this.#drives].some((other) => other.node === node)) {
        throw new BlockError('busy', `Node '${nodeName}' is already in use`, { node: nodeName })
      }
      await putIn(drive, node)
    })
  }

  /** Opens an image and puts it in the place of what is there. What fails before the tray opens changes nothing. */
  change(target: DriveTarget, { force = false, ...medium }: NewMedium): Promise<void> {
    return this.#on(target, async (drive, name) => {
      const node = await this.#open(drive, medium)
      try {
        await openForChange(drive, name, force)
        await takeOut(drive, name)
        await putIn(drive, node)
      } finally {
        if (!node.attached) await node.close()
      }
      if (drive.hasTray) await drive.moveTray('close')
    })
  }

  /**
   * What `change` of QEMU 1.3 does: the medium goes before the new one is opened, so a failure leaves the drive empty.
   *
   * @throws {BlockError} in the words of QEMU 1.3
   */
  changeOld(device: string, { filename, format }: NewMedium): Promise<void> {
    return this.#on({ device }, async (drive) => {
      if (format !== undefined && !formats.has(format) && !protocols.has(format)) {
        throw new BlockError('unsupported', `Invalid block format '${format}'`)
      }
      if (!drive.removable) throw notRemovable(device)
      if (drive.locked && !drive.trayOpen) {
        await drive.requestEject()
        throw new BlockError('busy', `Device '${device}' is locked`, { drive: device })
      }
      if (drive.hasTray) await drive.moveTray('open')
      await drive.remove()
      const node = await this.#open(drive, { filename, format }, { keyLater: true }).catch((cause: unknown) => {
        throw new BlockError('missing', `Could not open '${filename}'`, { filename }, { cause })
      })
      await putIn(drive, node)
      if (drive.hasTray) await drive.moveTray('close')
      this.#drives.checkKeys(drive)
    })
  }

  /**
   * Gives an encrypted medium its key (QMP `block_passwd`).
   *
   * @throws {BlockError} in the words of QEMU 1.3: kinds `invalid`, if nothing is encrypted; `permission`, if it is another
   *   key
   */
  unlock(device: string, password: string): Promise<void> {
    return this.#on({ device }, async (drive) => {
      const locks = drive.locks
      if (locks.length === 0) throw new BlockError('invalid', `Device '${device}' is not encrypted`, { drive: device })
      for (const lock of locks) {
        await lock.unlock(Buffer.from(password)).catch((cause: unknown) => {
          throw new BlockError('permission', 'Password incorrect', { drive: device }, { cause })
        })
      }
    })
  }

  #on(target: DriveTarget, act: (drive: Drive, name: string) => Promise<void>): Promise<void> {
    return this.#drives.exclusively(async () => act(this.#drives.locate(target), target.device ?? target.id ?? ''))
  }

  #open(
    { defaults }: Drive,
    { filename, format, readOnlyMode = 'retain' }: NewMedium,
    { keyLater = false } = {},
  ): Promise<BlockNode> {
    const { readOnly, detectZeroes, copyOnRead, cache } = defaults
    return this.#drives.graph.open({
      filename,
      keyLater,
      copyReads: copyOnRead,
      options: {
        ...(format !== undefined && { driver: format }),
        'detect-zeroes': detectZeroes,
        'cache.direct': cache.direct,
        'cache.no-flush': cache.noFlush,
      },
      readOnly: readOnlyMode === 'retain' ? readOnly : readOnlyMode === 'read-only',
    })
  }
}

/** Opens the tray; what comes back says whether the medium can be taken out now. */
async function open(drive: Drive, name: string, force: boolean): Promise<'open' | 'trayless' | 'locked'> {
  if (!drive.removable) throw notRemovable(name)
  if (!drive.hasTray) return 'trayless'
  if (drive.trayOpen) return 'open'
  if (drive.locked) {
    await drive.requestEject()
    if (!force) return 'locked'
    await drive.moveTray('unlock')
  }
  await drive.moveTray('open')
  return 'open'
}

async function openForChange(drive: Drive, name: string, force: boolean): Promise<void> {
  if ((await open(drive, name, force)) !== 'locked') return
  const text = `Device '${name}' is locked and force was not specified, wait for tray to open and try again`
  throw new BlockError('busy', text, { drive: name })
}

async function takeOut(drive: Drive, name: string): Promise<void> {
  if (drive.device !== undefined && !drive.removable) throw notRemovable(name)
  if (drive.hasTray && !drive.trayOpen) {
    throw new BlockError('busy', `Tray of device '${name}' is not open`, { drive: name })
  }
  await drive.remove()
}

async function putIn(drive: Drive, node: BlockNode): Promise<void> {
  if (drive.device !== undefined && !drive.removable) {
    throw new BlockError('unsupported', 'Device is not removable', { drive: drive.id })
  }
  if (drive.hasTray && !drive.trayOpen) {
    throw new BlockError('busy', 'Tray of the device is not open', { drive: drive.id })
  }
  if (drive.node !== undefined) {
    throw new BlockError('busy', 'There already is a medium in the device', { drive: drive.id })
  }
  await drive.insert(node)
}

function notRemovable(name: string): BlockError {
  return new BlockError('unsupported', `Device '${name}' is not removable`, { drive: name })
}
