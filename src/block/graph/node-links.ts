import type { ChildRole } from '../open/driver.ts'
import { type Access, checkConflicts, combine, idle } from './access.ts'
import type { Activity } from './activity.ts'
import { Attachment, type HolderName } from './attachment.ts'
import type { BlockNode } from './node.ts'
import type { NodeUser } from './node-settings.ts'
import { rearrange } from './rearranging.ts'
import type { Turns } from './turns.ts'

/** What all nodes of a graph share. */
export interface GraphParts {
  readonly turns: Turns
  readonly activity: Activity
}

/**
 * Who uses a node, and which nodes it uses: what each may do there, passed on from the users down to the storage.
 *
 * Everything but reading happens within one of the graph's turns.
 */
export class NodeLinks {
  readonly turns: Turns
  readonly #node: BlockNode
  readonly #activity: Activity
  /** The last user has left. */
  readonly #end: () => Promise<void>
  readonly #users = new Set<Attachment>()
  readonly #children = new Map<ChildRole, Attachment>()
  #access: Access = idle

  /** @internal for the node */
  constructor(node: BlockNode, { turns, activity }: GraphParts, end: () => Promise<void>) {
    this.#node = node
    this.turns = turns
    this.#activity = activity
    this.#end = end
  }

  get access(): Access {
    return this.#activity.has(this.#node) ? this.#access : idle
  }

  get isRoot(): boolean {
    return [...this.#users].every(({ link }) => link === 'root')
  }

  /** Those who use the node, the oldest first. */
  get users(): Iterable<Attachment> {
    return this.#users
  }

  /** What it holds of the nodes below. */
  get held(): Iterable<Attachment> {
    return this.#children.values()
  }

  get attached(): boolean {
    return this.#users.size > 0
  }

  usedBesides(user: Attachment | undefined): boolean {
    return [...this.#users].some((each) => each.link === 'root' && each !== user)
  }

  child(role: ChildRole): Attachment | undefined {
    return this.#children.get(role)
  }

  /** How it holds the nodes below, by role, the oldest first. */
  get linked(): Iterable<[ChildRole, Attachment]> {
    return this.#children
  }

  /** @internal as `admit()`: what it holds as a role from now on; undefined: nothing */
  link(role: ChildRole, held: Attachment | undefined): void {
    this.#children.delete(role)
    if (held !== undefined) this.#children.set(role, held)
  }

  /** @internal as `admit()`: a user without rights has never been there */
  forget(user: Attachment): void {
    this.#users.delete(user)
  }

  /** Becomes a user of the driver's children, without any rights yet. */
  takeChildren(): void {
    for (const [role, child] of this.#node.driver.children) {
      this.#children.set(role, child.links.admit(this.asParent(role), idle))
    }
  }

  /** @throws {BlockError} as `BlockNode.attach()` */
  attach({ description, link = 'root', access = idle, owner = { kind: 'other' } }: NodeUser): Promise<Attachment> {
    const early = !this.#activity.active
    return this.turns.take(() => this.#adopt({ description, link, owner, early }, access))
  }

  /**
   * Takes an image, and those below it, before all others are, if they are another process's: somebody here is to write it
   * while that one still has the guest.
   *
   * @throws {BlockError} kind `locked`, if another process has it; then it is not taken
   */
  claimAhead(): Promise<void> {
    return this.turns.take(async () => {
      if (this.#activity.active) return
      const taken = [...below(this.#node)].filter((each) => !this.#activity.has(each))
      for (const each of taken) {
        // It was another process's until now, which may have written it since it was opened.
        each.driver.distrust?.()
        this.#activity.takeAhead(each)
      }
      try {
        await this.spread()
      } catch (error) {
        for (const each of taken) this.#activity.fallBack(each)
        await this.spread()
        throw error
      }
    })
  }

  /** @throws {BlockError} as `BlockNode.replaceChild()` */
  replaceChild(role: ChildRole, child: BlockNode | undefined): Promise<void> {
    return rearrange([{ node: this.#node, role, child }])
  }

  /** Tells driver and children what the users do. @throws {BlockError} kind `busy`, if that excludes others there */
  async spread(): Promise<void> {
    this.#access = combine(this.#users)
    if (this.#activity.has(this.#node)) await this.#node.driver.prepareAccess?.(this.access)
    for (const [role, child] of this.#children)
      await child.node.links.change(child, this.childAccess(role, this.#access))
    // Without it, images are only read: what holds locks gives them up, and formats have nothing to begin.
    if (this.#activity.has(this.#node) || this.#children.size === 0) await this.#node.driver.setAccess?.(this.access)
  }

  /** The node is no more. */
  async leaveChildren(): Promise<void> {
    for (const child of this.#children.values()) await child.node.links.leave(child)
  }

  async #adopt(holder: HolderName, access: Access): Promise<Attachment> {
    const attachment = this.admit(holder, idle)
    try {
      await this.change(attachment, access)
    } catch (error) {
      this.#users.delete(attachment)
      throw error
    }
    return attachment
  }

  /** @internal for who rearranges nodes, within a turn: a user without any rights yet */
  admit(holder: HolderName, access: Access): Attachment {
    this.#node.checkOpen()
    const attachment: Attachment = new Attachment(this.#node, holder, access, {
      update: (wanted) => this.turns.take(() => this.change(attachment, wanted)),
      detach: () => this.turns.take(() => this.leave(attachment)),
    })
    this.#users.add(attachment)
    return attachment
  }

  /** @internal as `admit()`: changes what one user does, here and below; if that fails, everything is as before */
  async change(attachment: Attachment, wanted: Access): Promise<void> {
    const before = attachment.access
    const holders = [...this.#users].map((each) => (each === attachment ? { ...each.name, access: wanted } : each))
    checkConflicts(this.#node.name, holders.reverse())
    if (wanted.uses.some((permission) => permission !== 'read')) this.#node.checkWritable()
    attachment.become(wanted)
    try {
      await this.spread()
    } catch (error) {
      attachment.become(before)
      await this.spread()
      throw error
    }
  }

  /** @internal as `admit()` */
  async leave(attachment: Attachment): Promise<void> {
    if (!this.#users.delete(attachment)) return
    if (this.attached) await this.spread()
    else await this.#end()
  }

  /** @internal as `admit()`: how the node is called by those below it */
  asParent(role: ChildRole): HolderName {
    const { name, driver } = this.#node
    return {
      description: `node '${name}'`,
      link: driver.childNames?.[role] ?? role,
      owner: { kind: 'node', name, role },
      early: false,
    }
  }

  /** @internal as `admit()`: what the node needs of one below, given what its users do */
  childAccess(role: ChildRole, access: Access): Access {
    if (!this.#activity.has(this.#node)) return idle
    return this.#node.driver.childAccess?.(role, access) ?? access
  }
}

/** A node and all that are below it. */
function* below(node: BlockNode): Generator<BlockNode> {
  yield node
  for (const child of node.children.values()) yield* below(child)
}
