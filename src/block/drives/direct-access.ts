import { BlockError } from '../block-error.ts'
import type { Permission } from '../graph/access.ts'
import type { Attachment, BlockNode } from '../graph/node.ts'
import type { Drive } from './drive.ts'
import { DriveStatistics, type Operation } from './statistics.ts'

const all: readonly Permission[] = ['read', 'write', 'resize']

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
  /** Runs a request as others to this image are run: within limits, and while no other node takes its place. */
  request<T>(operation: Operation, bytes: number, run: (node: BlockNode) => Promise<T>): Promise<T>
}

/** Requests to what is in a drive. What the drive was opened for stays so. */
export function accessToDrive(drive: Drive): DirectAccess {
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
}

/** Requests to a node, until it is given up. @throws {BlockError} as `BlockNode.attach()` */
export async function accessToNode(
  node: BlockNode,
  { description, uses = [], writeback = true }: NodeAccessOptions,
): Promise<NodeAccess> {
  const attachment: Attachment = await node.attach({ description, access: { uses, shares: all } })
  return {
    node,
    writeback,
    statistics: new DriveStatistics(),
    use: (permissions) => addUses(attachment, permissions),
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
