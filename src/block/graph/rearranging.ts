import { BlockError } from '../block-error.ts'
import type { ChildRole } from '../open/driver.ts'
import { type Access, checkConflicts, combine, idle } from './access.ts'
import type { Attachment } from './attachment.ts'
import { checkNoCycle, within } from './cycles.ts'
import type { BlockNode } from './node.ts'

/** What is to be below a node in the place of what is there. */
export interface Replacement {
  /** The node above. */
  readonly node: BlockNode
  readonly role: ChildRole
  /** undefined: none. */
  readonly child: BlockNode | undefined
}

/**
 * Puts other nodes below some, all at once: two may change places. Requests to the nodes above wait meanwhile; the new
 * nodes give the rights that the old ones gave. An old one closes if nobody else uses it.
 *
 * @param changed - nodes whose users' rights are looked at, the last first: of several conflicts the first one is told
 * @throws {BlockError} kind `invalid`, if a node would lie below itself; `unsupported`, if a driver keeps its children; as
 *   `BlockNode.attach()`; then nothing has changed
 */
export async function rearrange(
  replacements: readonly Replacement[],
  changed: readonly BlockNode[] = replacements.map(({ node }) => node),
): Promise<void> {
  const nodes = [...new Set(replacements.map(({ node }) => node))]
  // Whoever is above ends first: its requests wait for those below.
  nodes.sort((one, other) => within(other).size - within(one).size)
  await nodes[0]?.links.turns.take(() => drained(nodes, () => exchange(replacements, changed)))
}

function drained(nodes: readonly BlockNode[], work: () => Promise<void>): Promise<void> {
  const [first, ...others] = nodes
  return first === undefined ? work() : first.drained(() => drained(others, work))
}

async function exchange(replacements: readonly Replacement[], changed: readonly BlockNode[]): Promise<void> {
  const steps: Exchange[] = []
  try {
    for (const replacement of replacements) {
      const step = new Exchange(replacement)
      steps.push(step)
      await step.takeOut()
    }
    for (const step of steps) step.put()
    checkTogether([...changed].reverse().flatMap((node) => [node, ...oldNodes(node, steps)]))
    for (const step of steps) await step.takeRights()
  } catch (error) {
    for (const step of [...steps].reverse()) await step.takeBack()
    for (const step of steps) await step.restoreRights()
    throw error
  }
  for (const step of steps) await step.finish()
}

function oldNodes(above: BlockNode, steps: readonly Exchange[]): BlockNode[] {
  return steps.flatMap(({ node, before }) => (node === above && before !== undefined ? [before.node] : []))
}

/** Looks whether the users of all nodes from some down would get on with each other. @throws {BlockError} as `attach()` */
function checkTogether(tops: readonly BlockNode[]): void {
  const wanted = new Map<Attachment, Access>()
  for (const { name, links } of fromTheTop(tops)) {
    const holders = [...links.users].map((each) => ({ ...each.name, access: wanted.get(each) ?? each.access }))
    checkConflicts(name, holders.reverse())
    const access = combine(holders)
    for (const [role, held] of links.linked) wanted.set(held, links.childAccess(role, access))
  }
}

/** Some nodes and all that are below them, each once and before those below it. */
function fromTheTop(tops: readonly BlockNode[]): Iterable<BlockNode> {
  const found = new Set<BlockNode>()
  const order: BlockNode[] = []
  const visit = (node: BlockNode): void => {
    if (found.has(node)) return
    found.add(node)
    for (const [, held] of [...node.links.linked].reverse()) visit(held.node)
    order.unshift(node)
  }
  for (const top of tops) visit(top)
  return order
}

/** Whether one of two nodes is the other one, or filters it. */
function sameStorage(one: BlockNode | undefined, other: BlockNode | undefined): boolean {
  return one !== undefined && other !== undefined && (within(one).has(other) || within(other).has(one))
}

/** One replacement on its way. */
class Exchange {
  readonly node: BlockNode
  readonly #role: ChildRole
  readonly #child: BlockNode | undefined
  /** How the node holds the old one, once that is taken out. */
  before: Attachment | undefined
  /** The rights it had there. */
  #held: Access = idle
  #after: Attachment | undefined
  #isOut = false
  /** The new file does not lead to the bytes of the old one: it holds another image. */
  #isOther = false

  constructor({ node, role, child }: Replacement) {
    this.node = node
    this.#role = role
    this.#child = child
  }

  /** Takes the old node's rights away: two nodes can lie one over the other, and the new one may need them. */
  async takeOut(): Promise<void> {
    const { node } = this
    const [role, child] = [this.#role, this.#child]
    const { driver, name, links } = node
    if (child !== undefined) checkNoCycle(node, links.asParent(role).link, child)
    if (driver.setChild === undefined || (role === 'file' && driver.changesFile !== true)) {
      throw new BlockError('unsupported', `Node '${name}' cannot change its ${role} node`, { node: name })
    }
    const before = links.child(role)
    this.#isOther = role === 'file' && !sameStorage(before?.node, child)
    if (this.#isOther && !node.readOnly) await (driver.handOver ?? driver.settle)?.call(driver)
    else await driver.settle?.()
    if (before !== undefined) {
      this.#held = before.access
      await before.node.links.change(before, idle)
    }
    this.before = before
    this.#isOut = true
    links.link(role, undefined)
    driver.setChild(role, child)
    if (this.#isOther) driver.distrust?.()
  }

  put(): void {
    const { links } = this.node
    this.#after = this.#child?.links.admit(links.asParent(this.#role), idle)
    links.link(this.#role, this.#after)
  }

  async takeRights(): Promise<void> {
    if (this.#after === undefined) return
    const { links } = this.node
    await this.#after.node.links.change(this.#after, links.childAccess(this.#role, links.access))
    if (this.#isOther) await links.spread() // what it remembers of the old image is read anew
  }

  /** Puts the old node back, without rights yet. */
  async takeBack(): Promise<void> {
    if (!this.#isOut) return
    const { links, driver } = this.node
    if (this.#after !== undefined) {
      await this.#after.node.links.change(this.#after, idle)
      this.#after.node.links.forget(this.#after)
    }
    driver.setChild?.(this.#role, this.before?.node)
    if (this.#isOther) driver.distrust?.()
    links.link(this.#role, this.before)
  }

  async restoreRights(): Promise<void> {
    if (!this.#isOut || this.before === undefined) return
    await this.before.node.links.change(this.before, this.#held)
    if (this.#isOther) await this.node.links.spread()
  }

  async finish(): Promise<void> {
    this.#child?.comesBelow(this.node)
    if (this.before !== undefined) await this.before.node.links.leave(this.before)
  }
}
