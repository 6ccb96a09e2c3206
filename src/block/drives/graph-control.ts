import { strerror } from '../../errno/index.ts'
import { QmpError } from '../../qapi/index.ts'
import { BlockError } from '../block-error.ts'
import { chainOf, skipFilters, skipImplicit } from '../graph/allocation.ts'
import type { Attachment } from '../graph/attachment.ts'
import type { BlockNode } from '../graph/node.ts'
import type { SnapshotInfo } from '../graph/node-info.ts'
import { BackupChange } from '../jobs/backup-change.ts'
import type { BackupToFile, BackupToNode } from '../jobs/backup-start.ts'
import { JobGroup } from '../jobs/job-group.ts'
import type { JobSet } from '../jobs/job-set.ts'
import type { OptionValues } from '../open/option-bag.ts'
import { BitmapChange, type BitmapStep } from './bitmap-change.ts'
import { checkCommit, commitImage } from './commit.ts'
import type { Drive } from './drive.ts'
import type { DriveSet } from './drive-set.ts'
import { ExternalSnapshot, type OverlayFile, type OverlayNode } from './external-snapshot.ts'
import type { GraphChange } from './graph-change.ts'
import { type GraphShape, graphShape } from './graph-shape.ts'
import {
  deleteInternalSnapshot,
  InternalSnapshot,
  type InternalSnapshotTarget,
  rootImage,
} from './internal-snapshot.ts'
import { OverlayRemoval } from './overlay-removal.ts'
import { withOwnFile } from './own-file.ts'
import { Reopening } from './reopening.ts'

/** One step of a transaction. */
export type TransactionStep =
  | { readonly type: 'abort' }
  | { readonly type: 'backup'; readonly options: BackupToFile | BackupToNode }
  | { readonly type: 'overlay'; readonly target: OverlayFile | OverlayNode }
  | { readonly type: 'internal-snapshot'; readonly target: InternalSnapshotTarget }
  | BitmapStep

export interface NamedBacking {
  /** Drive, or node, whose chain of images it is. */
  readonly device: string
  /** The one of them that changes. */
  readonly imageNode: string
  readonly filename: string
}

export interface ThreadMove {
  /** Though somebody uses it. */
  readonly force: boolean
  readonly isThread: (id: string) => boolean
}

export interface TransactionOptions {
  /** Jobs of the steps end together; only steps with jobs can do that. */
  readonly grouped?: boolean
}

/** Changes the block graph: nodes that users add, snapshots, and several changes at once. Errors are in QEMU's words. */
export class GraphControl implements AsyncDisposable {
  readonly #drives: DriveSet
  /** Nodes that users have added stay open until users delete them. */
  readonly #added = new Map<string, Attachment>()
  readonly #jobs: JobSet | undefined

  /** @param options - `jobs`: those that work on the images, and stand still while several things change at once */
  constructor(drives: DriveSet, { jobs }: { readonly jobs?: JobSet } = {}) {
    this.#drives = drives
    this.#jobs = jobs
  }

  /**
   * Opens a node that stays until it is deleted.
   *
   * @param options - by dotted keys, as `-blockdev` has them
   */
  add(options: OptionValues): Promise<void> {
    return this.#drives.exclusively(async () => {
      if (options['node-name'] === undefined) {
        throw new BlockError('invalid', "'node-name' must be specified for the root node")
      }
      const node = await this.#drives.graph.open({ options })
      this.#added.set(node.name, await node.attach({ description: 'the monitor', owner: { kind: 'keeper' } }))
    })
  }

  /**
   * Opens nodes anew with other options, all of them or none; the guest's requests wait meanwhile.
   *
   * @param list - for each node its `node-name`, and everything else that shall hold, by dotted keys
   */
  reopen(list: readonly OptionValues[]): Promise<void> {
    const { graph } = this.#drives
    return this.#drives.exclusively(() => this.standingStill(() => new Reopening(graph).run(list)))
  }

  /** Changes some options of a node, and lets the others stay. @throws {BlockError} as `reopen()` */
  amendOptions(node: BlockNode, options: OptionValues): Promise<void> {
    const { graph } = this.#drives
    return this.#drives.exclusively(() => this.standingStill(() => new Reopening(graph).amend(node, options)))
  }

  /**
   * Writes what a drive's image holds into the one behind it, and empties it.
   *
   * @throws {BlockError} as `commitImage()`; kinds `missing`, `empty`
   */
  commit(name: string): Promise<void> {
    return this.#drives.exclusively(async () => {
      const drive = this.#drives.find(name)
      if (drive === undefined) throw new BlockError('missing', `Device '${name}' not found`, { drive: name })
      const { node } = drive
      if (node === undefined || drive.trayOpen) {
        throw new BlockError('empty', `Device '${name}' has no medium`, { drive: name })
      }
      const image = skipImplicit(node)
      checkCommit(image)
      await this.standingStill(() => commitImage(image))
    })
  }

  /** Does so for every drive whose image has another one behind it; ends at the first that fails. */
  commitAll(): Promise<void> {
    return this.#drives.exclusively(async () => {
      for (const { node, trayOpen } of this.#drives) {
        const image = node === undefined ? undefined : skipFilters(node)
        if (trayOpen || image?.child('backing') === undefined) continue
        checkCommit(image)
        await this.standingStill(() => commitImage(image))
      }
    })
  }

  /** Writes into an image which backing file it has; the one that is open stays. An empty name is none. */
  nameBacking({ device, imageNode, filename }: NamedBacking): Promise<void> {
    return this.#drives.exclusively(async () => {
      const top = rootImage(this.#drives, device)
      const image = this.#drives.image({ nodeName: imageNode })
      if (image.behind === undefined) {
        throw new BlockError('invalid', 'not allowing backing file change on an image without a backing file')
      }
      this.#drives.checkFree(top, 'change')
      if (!chainOf(top).includes(image)) {
        throw new BlockError('invalid', `'${device}' and image file are not in the same chain`)
      }
      await nameBacking(image, filename)
    })
  }

  /** What uses what, for those who look for faults. */
  shape(): GraphShape {
    return graphShape(this.#drives, this.#jobs?.list ?? [])
  }

  /**
   * Gives a node to a thread, or back to the main one (null). One thread serves all nodes, so nothing changes; what QEMU
   * refuses is refused.
   *
   * @param isThread - whether there is a thread of a name
   */
  moveToThread(name: string, thread: string | null, { force, isThread }: ThreadMove): void {
    const node = this.#drives.graph.find(name)
    if (node === undefined) throw new BlockError('missing', `Failed to find node with node-name='${name}'`)
    const users = [...node.links.users].filter(({ owner }) => owner.kind === 'drive' || owner.kind === 'other')
    if (!force && users.length > 0) {
      const text = `Node ${name} is associated with a BlockBackend and could be in use (use force=true to override this check)`
      throw new BlockError('busy', text, { node: name })
    }
    if (thread === null) return
    if (!isThread(thread)) throw new BlockError('missing', `Cannot find iothread ${thread}`)
    if (!this.#drives.holding(node).some(({ device }) => device !== undefined)) return
    throw new BlockError('busy', 'Cannot change iothread of active block backend', { node: name })
  }

  /** Adds or removes what a node keeps equal. No format here has such: always refused, in QEMU's words. */
  changeChild(parent: string, { child, node }: { child?: string | undefined; node?: string | undefined }): never {
    const of = this.#drives.image({ device: parent, nodeName: parent })
    if ((child === undefined) === (node === undefined)) {
      const both = child !== undefined
      throw new BlockError(
        'invalid',
        both ? 'The parameters child and node are in conflict' : 'Either child or node must be specified',
      )
    }
    const { driver } = of
    const names = [...driver.children.keys()].map((role) => driver.childNames?.[role] ?? role)
    if (child !== undefined && !names.includes(child)) {
      throw new BlockError('missing', `Node '${parent}' does not have child '${child}'`)
    }
    if (node !== undefined && this.#drives.graph.find(node) === undefined) {
      throw new BlockError('missing', `Node '${node}' not found`)
    }
    const what = child === undefined ? 'adding' : 'removing'
    throw new BlockError('unsupported', `The node ${parent} does not support ${what} a child`)
  }

  /** Deletes a node that nobody uses. */
  remove(name: string): Promise<void> {
    return this.#drives.exclusively(async () => {
      const node = this.#drives.graph.find(name)
      if (node === undefined) throw new BlockError('missing', `Failed to find node with node-name='${name}'`)
      const hold = this.#added.get(name)
      if (node.usedBesides(hold)) throw inUse(`Node ${name} is in use`)
      this.#drives.checkFree(node, 'drive-del')
      if (hold === undefined) throw inUse(`Node ${name} is not owned by the monitor`)
      if (!node.isRoot) throw inUse(`Block device ${name} is in use`)
      this.#added.delete(name)
      await hold.detach()
    })
  }

  /** Puts an overlay on an image. */
  snapshot(target: OverlayFile | OverlayNode): Promise<void> {
    return this.transaction([{ type: 'overlay', target }])
  }

  /**
   * Puts overlays on images: on all of them, or on none.
   *
   * @returns takes them away again, with what has been written to them in the images below; it rejects with a BlockError
   *   if one cannot go, which then stays, as do those behind it
   */
  async putOverlays(targets: readonly OverlayFile[]): Promise<() => Promise<void>> {
    const removals = targets.map((target) => new OverlayRemoval(this.#drives, this.#drives.image(target)))
    await this.transaction(targets.map((target) => ({ type: 'overlay', target })))
    for (const removal of removals) removal.placed()
    return () =>
      this.#drives.exclusively(() =>
        this.standingStill(async () => {
          for (const removal of removals) await removal.run()
        }),
      )
  }

  snapshotInside(target: InternalSnapshotTarget): Promise<void> {
    return this.transaction([{ type: 'internal-snapshot', target }])
  }

  deleteSnapshotInside(target: Parameters<typeof deleteInternalSnapshot>[1]): Promise<SnapshotInfo> {
    return this.#drives.exclusively(() => deleteInternalSnapshot(this.#drives, target))
  }

  /**
   * Takes all steps, or none: while they are taken the guest's requests wait, and if one fails, those before it are taken
   * back. Files that were made on the way stay.
   */
  async transaction(steps: readonly TransactionStep[], { grouped = false }: TransactionOptions = {}): Promise<void> {
    const group = grouped ? new JobGroup() : undefined
    const changes = steps.map((step) => this.#changeOf(step, group))
    await this.#drives.exclusively(() => this.standingStill(() => takeAll(changes, grouped)))
    for (const change of changes) await change.begun?.()
  }

  /** How a user holds a node that was added; undefined for any other. */
  holdOf({ name }: BlockNode): Attachment | undefined {
    return this.#added.get(name)
  }

  /** Lets go of the nodes that users have added. */
  async close(): Promise<void> {
    for (const hold of [...this.#added.values()].reverse()) await hold.detach()
    this.#added.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Runs work while nobody makes requests: no guest, and no job on images. */
  standingStill<T>(work: () => Promise<T>): Promise<T> {
    const withoutGuest = (): Promise<T> => drained([...this.#drives], work)
    return this.#jobs === undefined ? withoutGuest() : this.#jobs.standingStill(withoutGuest)
  }

  #changeOf(step: TransactionStep, group: JobGroup | undefined): GraphChange {
    switch (step.type) {
      case 'backup':
        if (this.#jobs === undefined) throw new BlockError('unsupported', 'There are no jobs here')
        return new BackupChange({ drives: this.#drives, jobs: this.#jobs }, step.options, group)
      case 'abort':
        return abortion
      case 'overlay':
        return new ExternalSnapshot(this.#drives, step.target)
      case 'internal-snapshot':
        return new InternalSnapshot(this.#drives, step.target)
      default:
        return new BitmapChange(this.#drives, step)
    }
  }
}

async function takeAll(changes: readonly GraphChange[], grouped: boolean): Promise<void> {
  const taken: GraphChange[] = []
  try {
    for (const change of changes) {
      if (grouped && change !== abortion && change.canBeGrouped !== true) {
        const text = `Action '${change.name}' does not support Transaction property completion-mode = grouped`
        throw new QmpError('GenericError', text)
      }
      await change.prepare()
      taken.push(change)
    }
    for (const change of taken) await change.commit?.()
  } catch (error) {
    for (const change of [...taken].reverse()) await change.abort()
    throw error
  } finally {
    for (const change of taken) await change.finish()
  }
}

/** The step that always fails, for those who want to see the others taken back. */
const abortion: GraphChange = {
  name: 'abort',
  prepare: () => Promise.reject(new QmpError('GenericError', 'Transaction aborted using Abort action')),
  abort: () => Promise.resolve(),
  finish: () => Promise.resolve(),
}

/** Runs work while the guest's requests to all drives wait. */
function drained<T>(drives: readonly Drive[], work: () => Promise<T>): Promise<T> {
  const [first, ...others] = drives
  return first === undefined ? work() : first.withoutRequests(() => drained(others, work))
}

/** An image that is read only is written for this, with the file that was opened for it. */
async function nameBacking(image: BlockNode, filename: string): Promise<void> {
  const before = withOwnFile(image).map((node) => ({ node, settings: { ...node.settings, given: node.given } }))
  try {
    for (const { node, settings } of before) await node.reconfigure({ ...settings, readOnly: false })
    const { driver } = image
    if (driver.nameBacking === undefined) {
      throw new BlockError('unsupported', `Images of format '${driver.name}' have no backing files`)
    }
    await driver.nameBacking(filename === '' ? undefined : { filename, format: driver.name })
  } catch (cause) {
    const reason = image.driver.nameBacking === undefined ? strerror('ENOTSUP') : strerror('EINVAL')
    const text = `Could not change backing file to '${filename}': ${reason}`
    throw new BlockError('invalid', text, { node: image.name }, { cause })
  } finally {
    for (const { node, settings } of before.reverse()) if (settings.readOnly) await node.reconfigure(settings)
  }
}

function inUse(text: string): BlockError {
  return new BlockError('busy', text)
}
