import { BlockError } from '../block-error.ts'
import type { Access, Permission } from '../graph/access.ts'
import { skipImplicit } from '../graph/allocation.ts'
import type { Attachment, BlockNode } from '../graph/node.ts'
import type { OptionValues } from '../open/option-bag.ts'
import type { Drive } from './drive.ts'
import { DriveStatistics, type Operation } from './statistics.ts'

const all: readonly Permission[] = ['read', 'write', 'resize']

/** Opens a node anew with some other options; the others stay. @throws {BlockError} */
export type AmendOptions = (node: BlockNode, options: OptionValues) => Promise<void>

/** What an image is opened anew with. */
export interface ReopenRequest {
  readonly options: OptionValues
  /** As `DirectAccess.writeback`, from then on. */
  readonly writeback: boolean
  /** Whoever asks does not write any more. */
  readonly readOnly: boolean
}

/** Requests that a user makes to an image himself, beside the guest's. */
export interface DirectAccess {
  /** The image; undefined while there is no medium, or the tray is open. */
  readonly node: BlockNode | undefined
  /** Writes are complete when the host has them; if not, when they are on stable storage. */
  readonly writeback: boolean
  /** Counts nothing by itself. */
  readonly statistics: DriveStatistics
  /** Does so with the image from now on. @throws {BlockError} kinds `busy`, `read-only`, `locked`, `permission` */
  use(permissions: readonly Permission[]): Promise<void>
  /** Whether a device of the guest has the image, so that what it was told of writes stays. */
  readonly hasDevice: boolean
  /** Opens the image anew. @throws {BlockError}, everything is as before then */
  reopen(request: ReopenRequest): Promise<void>
  /** Runs a request as others to this image are run: within limits, and while no other node takes its place. */
  request<T>(operation: Operation, bytes: number, run: (node: BlockNode) => Promise<T>): Promise<T>
}

/** Requests to what is in a drive. What the drive was opened for stays so. */
export function accessToDrive(drive: Drive, amend: AmendOptions): DirectAccess {
  const medium = () => (drive.trayOpen ? undefined : drive.medium)
  return {
    get node() {
      return medium() === undefined ? undefined : drive.node
    },
    get writeback() {
      return drive.writeback
    },
    statistics: drive.statistics,
    use: (permissions) => drive.alsoUse(permissions),
    get hasDevice() {
      return drive.device !== undefined
    },
    async reopen({ options, writeback, readOnly }) {
      const node = medium() && drive.node
      if (node === undefined) throw new BlockError('empty', 'No medium found', { drive: drive.id })
      if (readOnly) await drive.alsoUseNoMore()
      await amend(skipImplicit(node), options)
      if (writeback !== drive.writeback) drive.setWriteback(writeback)
    },
    request(operation, bytes, run) {
      const there = medium()
      if (there === undefined) return Promise.reject(new BlockError('empty', 'No medium found', { drive: drive.id }))
      return there.direct(operation, bytes, run)
    },
  }
}

export interface NodeAccess extends DirectAccess, AsyncDisposable {}

export interface NodeAccessOptions {
  /** As a conflict names whoever it is. */
  readonly description: string
  readonly uses?: readonly Permission[]
  readonly writeback?: boolean
  readonly amend: AmendOptions
}

/** Requests to a node, until it is given up. @throws {BlockError} as `BlockNode.attach()` */
export async function accessToNode(
  node: BlockNode,
  { description, uses = [], writeback: atFirst = true, amend }: NodeAccessOptions,
): Promise<NodeAccess> {
  let writeback = atFirst
  const attachment: Attachment = await node.attach({ description, access: { uses, shares: all } })
  return {
    node,
    get writeback() {
      return writeback
    },
    statistics: new DriveStatistics(),
    use: (permissions) => addUses(attachment, permissions),
    hasDevice: false,
    async reopen(request) {
      if (request.readOnly) await attachment.update(withoutWrites(attachment.access))
      await amend(node, request.options)
      writeback = request.writeback
    },
    request: (_operation, _bytes, run) => run(node),
    [Symbol.asyncDispose]: () => attachment.detach(),
  }
}

/** @throws {BlockError} as `Attachment.update()` */
export async function addUses(attachment: Attachment, permissions: readonly Permission[]): Promise<void> {
  const { uses, shares } = attachment.access
  const more = permissions.filter((permission) => !uses.includes(permission))
  if (more.length > 0) await attachment.update({ uses: [...uses, ...more], shares })
}

function withoutWrites({ uses, shares }: Access): Access {
  return { uses: uses.filter((permission) => permission === 'read'), shares }
}
