import type { Access, Permission } from '../graph/access.ts'
import type { BlockNode } from '../graph/node.ts'
import type { DriveSet } from './drive-set.ts'

/** A part of the block graph (QAPI's XDbgBlockGraphNode): a node, a job, or somebody else who uses nodes. */
export interface GraphPart {
  readonly id: number
  readonly type: 'block-backend' | 'block-job' | 'block-driver'
  readonly name: string
}

/** What a user may do with a node, as QEMU tells them apart. */
export type GraphPermission = 'consistent-read' | 'write' | 'write-unchanged' | 'resize'

/** Who uses which node, and how (QAPI's XDbgBlockGraphEdge). */
export interface GraphEdge {
  readonly parent: number
  readonly child: number
  /** What the node is to the user: `root`, `file`, `main node`, ... */
  readonly name: string
  readonly perm: readonly GraphPermission[]
  readonly 'shared-perm': readonly GraphPermission[]
}

/** The whole graph (QAPI's XDbgBlockGraph). */
export interface GraphShape {
  readonly nodes: readonly GraphPart[]
  readonly edges: readonly GraphEdge[]
}

const permissionNames: Readonly<Record<Permission, GraphPermission>> = {
  read: 'consistent-read',
  write: 'write',
  'write-unchanged': 'write-unchanged',
  resize: 'resize',
}
/** The order of QEMU's lists, backwards as they are printed. */
const printedOrder = ['resize', 'write-unchanged', 'write', 'consistent-read'] as const

/** What uses what, the newest first as QEMU lists it; numbers are given as parts are met, and mean nothing else. */
export function graphShape(drives: DriveSet, jobs: readonly { readonly id: string }[]): GraphShape {
  const numbers = new Map<object | string, number>()
  const numberOf = (part: object | string): number => {
    const number = numbers.get(part) ?? numbers.size + 1
    numbers.set(part, number)
    return number
  }
  const nodes: GraphPart[] = []
  const edges: GraphEdge[] = []
  const addPart = (part: object | string, type: GraphPart['type'], name: string): void =>
    void nodes.unshift({ id: numberOf(part), type, name })
  const addEdge = (parent: object | string, child: BlockNode, name: string, { uses, shares }: Access): void => {
    edges.unshift({
      parent: numberOf(parent),
      child: numberOf(child),
      name,
      perm: named(uses),
      'shared-perm': ['write-unchanged', ...named(shares)].sort(byPrintedOrder) as GraphPermission[],
    })
  }

  const all = drives.graph.inOrder
  const users = all.flatMap((node) => [...node.links.users].map((user) => ({ node, user })))
  for (const drive of drives) {
    addPart(drive, 'block-backend', drive.id === '' ? (drive.device?.path ?? '') : drive.id)
    for (const { node, user } of users) {
      if (user.owner.kind === 'drive' && user.owner.drive === drive) addEdge(drive, node, user.link, user.access)
    }
  }
  for (const { node, user } of users) {
    if (user.owner.kind !== 'other') continue
    addPart(user, 'block-backend', '')
    addEdge(user, node, user.link, user.access)
  }
  for (const { id } of jobs) {
    addPart(`job ${id}`, 'block-job', id)
    const held = users.filter(({ user: { owner } }) => owner.kind === 'job' && owner.id === id)
    held.sort((one, other) => Number(one.user.link === 'main node') - Number(other.user.link === 'main node'))
    for (const { node, user } of held) addEdge(`job ${id}`, node, user.link, user.access)
  }
  for (const node of all) {
    addPart(node, 'block-driver', node.name)
    for (const { node: child, link, access } of [...node.links.held].reverse()) addEdge(node, child, link, access)
  }
  return { nodes, edges }
}

function named(permissions: readonly Permission[]): GraphPermission[] {
  return permissions.map((permission) => permissionNames[permission]).sort(byPrintedOrder)
}

function byPrintedOrder(one: string, other: string): number {
  const place = (name: string): number => (printedOrder as readonly string[]).indexOf(name)
  return place(one) - place(other)
}
