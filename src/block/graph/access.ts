import { BlockError } from '../block-error.ts'
import type { ChildRole } from '../open/driver.ts'

/** What a user of a node may do with it; `write-unchanged` is to write what the node shows there already. */
export type Permission = 'read' | 'write' | 'write-unchanged' | 'resize'

/** What a user of a node does with it, and what it lets others do meanwhile. */
export interface Access {
  readonly uses: readonly Permission[]
  /** Everybody shares `write-unchanged`, which is not listed. */
  readonly shares: readonly Permission[]
}

/** What sort of user a node has. */
export type NodeOwner =
  /** A node above, by its name, and what the node is to it. */
  | { readonly kind: 'node'; readonly name: string; readonly role: ChildRole }
  | { readonly kind: 'drive'; readonly drive: object }
  | { readonly kind: 'job'; readonly id: string }
  /** Somebody who makes requests of their own: an export, a command. */
  | { readonly kind: 'other' }
  /** Somebody who only keeps it open. */
  | { readonly kind: 'keeper' }

/** One user of a node, as it is named in a conflict. */
export interface AccessHolder {
  readonly description: string
  /** What it calls the node: `root` is somebody who is no node. */
  readonly link: string
  readonly owner: NodeOwner
  /** It came while the images were another process's. */
  readonly early: boolean
  readonly access: Access
}

const all: readonly Permission[] = ['read', 'write', 'write-unchanged', 'resize']

const permissionText: Readonly<Record<Permission, string>> = {
  read: 'consistent read',
  write: 'write',
  'write-unchanged': 'write unchanged',
  resize: 'resize',
}

/** Neither uses nor excludes anything: a drive that no device has taken yet. */
export const idle: Access = { uses: [], shares: ['read', 'write', 'resize'] }

/** What all holders together use, and what all of them share. */
export function combine(holders: Iterable<AccessHolder>): Access {
  const uses = new Set<Permission>()
  let { shares } = idle
  for (const { access } of holders) {
    for (const permission of access.uses) uses.add(permission)
    shares = shares.filter((permission) => access.shares.includes(permission))
  }
  return { uses: all.filter((permission) => uses.has(permission)), shares }
}

/**
 * Refuses uses that others exclude.
 *
 * @param holders - the newest first: of several conflicts the first one is told
 * @throws {BlockError} kind `busy`
 */
export function checkConflicts(node: string, holders: readonly AccessHolder[]): void {
  for (const owner of holders) {
    for (const user of holders) if (user !== owner && !mayCoexist(user, owner)) refuse(node, user, owner)
  }
}

/** The guest did not run yet when it came: whoever fills its disk goes before the guest needs it for itself. */
function mayCoexist(one: AccessHolder, other: AccessHolder): boolean {
  const fills = ({ early, owner }: AccessHolder): boolean => early && owner.kind === 'other'
  return (fills(one) && other.owner.kind === 'drive') || (fills(other) && one.owner.kind === 'drive')
}

function refuse(node: string, user: AccessHolder, owner: AccessHolder): void {
  const excluded = user.access.uses.filter((permission) => !isShared(owner.access, permission))
  if (excluded.length === 0) return
  const child = ({ link }: AccessHolder): string => `(uses node '${node}' as '${link}' child)`
  const list = excluded.map((permission) => permissionText[permission]).join(', ')
  throw new BlockError(
    'busy',
    `Permission conflict on node '${node}': permissions '${list}' are both required by ${user.description} ${child(user)}` +
      ` and unshared by ${owner.description} ${child(owner)}.`,
    { node },
  )
}

/** The same, but nobody else may make the node longer or shorter. */
export function keepingLength({ uses, shares }: Access): Access {
  return { uses, shares: shares.filter((permission) => permission !== 'resize') }
}

/** Whether others may do that meanwhile. */
export function isShared({ shares }: Access, permission: Permission): boolean {
  return permission === 'write-unchanged' || shares.includes(permission)
}
