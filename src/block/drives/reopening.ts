import { qdictOrder } from '../../hash/index.ts'
import { BlockError } from '../block-error.ts'
import { filters } from '../filters/table.ts'
import { skipImplicit } from '../graph/allocation.ts'
import type { Attachment } from '../graph/attachment.ts'
import { checkNoCycle, within } from '../graph/cycles.ts'
import type { BlockNode, NewNodeSettings } from '../graph/node.ts'
import type { NodeGraph } from '../graph/node-graph.ts'
import { rearrange } from '../graph/rearranging.ts'
import { parseDetectZeroes } from '../open/detect-zeroes.ts'
import { type ChildRole, childRoles } from '../open/driver.ts'
import { OptionBag, type OptionValues } from '../open/option-bag.ts'

/** One node among those that are opened anew. */
interface Wanted {
  /** What it is to be opened with. */
  readonly options: OptionValues
  /** It is below one that a user has named, and the options are those that it has. */
  readonly kept: boolean
  /** What the options do not say stays, and need not be said again. */
  readonly amends: boolean
  /** The node above whose settings it takes over where its own options say nothing. */
  readonly heir: { readonly of: BlockNode; readonly role: ChildRole } | undefined
}

interface Planned {
  readonly node: BlockNode
  readonly settings: Omit<NewNodeSettings, 'name'>
  readonly children: readonly { readonly role: ChildRole; readonly child: BlockNode | undefined }[]
  /** Makes the driver's own options hold; the result takes that back. */
  readonly change?: (() => () => void) | undefined
}

/** Options that every node has, and that can change. */
const changeable: readonly string[] = [
  'read-only',
  'auto-read-only',
  'discard',
  'detect-zeroes',
  'cache.direct',
  'cache.no-flush',
]

/**
 * Opens nodes anew with other options (QAPI's blockdev-reopen): all of them, or none. What lies below a node and was
 * opened for it is opened anew, too. Requests of the guest wait meanwhile.
 */
export class Reopening {
  readonly #graph: NodeGraph
  readonly #wanted = new Map<BlockNode, Wanted>()
  readonly #settings = new Map<BlockNode, Omit<NewNodeSettings, 'name'>>()
  /** What is planned to be below nodes in the place of what is there. */
  readonly #replaced = new Map<BlockNode, Planned['children']>()
  readonly #undo: (() => Promise<void>)[] = []

  constructor(graph: NodeGraph) {
    this.#graph = graph
  }

  /** @throws {BlockError} in QEMU's words; then nothing has changed */
  async run(list: readonly OptionValues[]): Promise<void> {
    const top = { kept: false, amends: false, heir: undefined }
    for (const options of list) this.#want(this.#named(options['node-name']), { options, ...top })
    await this.#runWanted()
  }

  /** Changes some options of a node, and of those below that were opened for it; the others stay. @throws {BlockError} as `run()` */
  async amend(node: BlockNode, options: OptionValues): Promise<void> {
    this.#want(node, { options, kept: false, amends: true, heir: undefined })
    await this.#runWanted()
  }

  async #runWanted(): Promise<void> {
    const planned: Planned[] = []
    for (const [node, wanted] of this.#wanted) planned.push(await this.#plan(node, wanted))
    const holds: Attachment[] = []
    try {
      // What is taken out must still be there if it is to be put back.
      for (const { node, children } of planned) {
        for (const { role } of children) {
          const before = node.child(role)
          if (before !== undefined) holds.push(await before.attach({ description: 'blockdev-reopen' }))
        }
      }
      await this.#apply(planned)
    } catch (error) {
      for (const undo of this.#undo.reverse()) await undo()
      throw error
    } finally {
      for (const hold of holds) await hold.detach()
    }
  }

  /** Whoever ends writing does so before what is below, and begins after it. */
  async #apply(planned: readonly Planned[]): Promise<void> {
    const rising = [...planned].sort((one, other) => within(one.node).size - within(other.node).size)
    const ends = ({ settings }: Planned) => settings.readOnly
    for (const one of [...rising].reverse().filter(ends)) await this.#reconfigure(one)
    const after = planned.flatMap(({ node, children }) => children.map((each) => ({ node, ...each })))
    const before = after.map(({ node, role }) => ({ node, role, child: node.child(role) }))
    const changed = planned.map(({ node }) => node)
    await rearrange(after, changed)
    this.#undo.push(() => rearrange(before, changed))
    for (const one of rising.filter((one) => !ends(one))) await this.#reconfigure(one)
    for (const { change } of planned) {
      const undo = change?.()
      if (undo !== undefined) this.#undo.push(async () => undo())
    }
  }

  async #reconfigure({ node, settings }: Planned): Promise<void> {
    const before = { ...node.settings, given: node.given }
    await node.reconfigure(settings)
    this.#undo.push(() => node.reconfigure(before))
  }

  #named(name: unknown): BlockNode {
    if (name === undefined) throw new BlockError('invalid', 'node-name not specified')
    const node = this.#graph.find(String(name))
    if (node === undefined) throw new BlockError('missing', `Failed to find node with node-name='${name}'`)
    return node
  }

  /** A node that is named twice has the options of both. */
  #want(node: BlockNode, { options, kept, amends, heir }: Wanted): void {
    const stay = amends ? ownOptions(node) : {}
    const all = { ...stay, ...this.#wanted.get(node)?.options, ...options }
    this.#wanted.set(node, { options: all, kept, amends, heir })
    for (const role of childRoles) {
      const child = node.child(role)
      if (child === undefined || child.openedFor !== node) continue
      const key = optionOf(node, role)
      const reference = all[key]
      if (reference !== undefined && reference !== child.name) continue
      const below = new OptionBag(all).takeBelow(key).takeAll()
      const keeps = kept || reference !== undefined
      this.#want(child, { options: keeps ? child.given : below, kept: keeps, amends, heir: { of: node, role } })
    }
  }

  async #plan(node: BlockNode, wanted: Wanted): Promise<Planned> {
    const settings = this.#settingsFor(node, wanted)
    this.#settings.set(node, settings)
    if (wanted.kept) return { node, settings, children: [] }
    const { options, amends } = wanted
    const bag = new OptionBag(options)
    if (!amends) checkResets(node, options)
    const change = node.driver.takeChanges?.(bag, this.#graph.throttleGroups)
    if (wanted.heir === undefined && !amends) await checkSaysBacking(node, options)
    const children = (['backing', 'file'] as const).flatMap((role) => {
      const planned = this.#newChild(node, role, options)
      for (const each of planned) this.#replaced.set(node, [...(this.#replaced.get(node) ?? []), each])
      return planned
    })
    const replaced = children.map(({ role }) => role)
    checkUnchanged(node, options, (key) => !bag.has(key) || replaced.some((role) => role === key))
    return { node, settings, children, change }
  }

  /** The nodes below one as far as everything is planned. */
  #childrenOf(node: BlockNode): Iterable<BlockNode> {
    const children = new Map(node.children)
    for (const { role, child } of this.#replaced.get(node) ?? []) {
      if (child === undefined) children.delete(role)
      else children.set(role, child)
    }
    return children.values()
  }

  #settingsFor(node: BlockNode, { options: given, amends, heir }: Wanted): Omit<NewNodeSettings, 'name'> {
    const options = new OptionBag(given)
    const stays = amends ? node.settings : undefined
    const above = heir === undefined ? stays : (this.#settings.get(heir.of) ?? heir.of.settings)
    const cache = {
      direct: options.takeBoolean('cache.direct') ?? above?.cache.direct ?? false,
      noFlush: options.takeBoolean('cache.no-flush') ?? above?.cache.noFlush ?? false,
    }
    const word = options.takeString('discard')
    // What is not said stays as it is; a node that a format's own options describe is told everything.
    const unsaid = heir === undefined ? node.settings.discard : heir.role === 'file'
    const discard = word === undefined ? unsaid : word === 'unmap' || word === 'on'
    const detecting = options.takeString('detect-zeroes') ?? stays?.detectZeroes
    const detectZeroes = parseDetectZeroes(detecting, { discard })
    return {
      readOnly: options.takeBoolean('read-only') ?? (heir?.role === 'backing' || (above?.readOnly ?? false)),
      cache,
      detectZeroes,
      discard,
      given: { ...(amends && node.given), ...given, driver: node.driver.name },
    }
  }

  /** Another node below, if the options name one. */
  #newChild(node: BlockNode, role: 'backing' | 'file', options: OptionValues): Planned['children'] {
    const before = node.child(role)
    const reference = optionOf(node, role) === role ? options[role] : undefined
    if (reference === undefined || reference === before?.name) return []
    if (reference === null && before === undefined) return []
    if (before !== undefined && skipImplicit(before).name === reference) return []
    if (before !== undefined && before === node.behind) checkReplaceable(node, role, before)
    if (reference === null) return [{ role, child: undefined }]
    const child = this.#graph.find(String(reference))
    if (child === undefined) {
      throw new BlockError('missing', `Cannot find device='' nor node-name='${String(reference)}'`)
    }
    checkNoCycle(node, role, child, (each) => this.#childrenOf(each))
    if (node.driver.setChild === undefined || (role === 'file' && node.driver.changesFile !== true)) {
      throw cannotChange(role)
    }
    return [{ role, child }]
  }
}

/** What it was opened with, without which nodes are below, and what was meant for them: others may be there by now. */
function ownOptions(node: BlockNode): OptionValues {
  const below = childRoles.map((role) => optionOf(node, role))
  const own = Object.entries(node.given).filter(([key]) => !below.includes(key.split('.')[0]!))
  return Object.fromEntries(own)
}

/** @throws {BlockError} kind `busy`, if a job relies on the node that is below */
function checkReplaceable(node: BlockNode, role: ChildRole, before: BlockNode): void {
  if (before.driver.implicit === true) {
    throw new BlockError('busy', `Cannot replace implicit ${role} child of ${node.name}`, { node: node.name })
  }
  if (!node.blockers.linkFrozen) return
  const text = `Cannot change frozen '${optionOf(node, role)}' link from '${node.name}' to '${before.name}'`
  throw new BlockError('busy', text, { node: node.name })
}

/** An image that has a backing image, or names one, must be told which. @throws {BlockError} kind `invalid` */
async function checkSaysBacking(node: BlockNode, options: OptionValues): Promise<void> {
  if (Object.keys(options).some((key) => key === 'backing' || key.startsWith('backing.'))) return
  if (node.child('backing') === undefined && (await node.details()).backingFilename === undefined) return
  throw new BlockError('invalid', `backing is missing for '${node.name}'`, { node: node.name })
}

/** What was said must be said again, unless its default can come back. @throws {BlockError} kind `unsupported` */
function checkResets(node: BlockNode, options: OptionValues): void {
  const roles = childRoles.filter((role) => node.child(role) !== undefined)
  const resettable = [
    ...changeable,
    ...(node.driver.resettable ?? []),
    'node-name',
    'driver',
    'backing',
    ...roles.map((role) => optionOf(node, role)),
  ]
  for (const key of qdictOrder(Object.keys(node.given))) {
    if (key in options || resettable.includes(key) || resettable.includes(key.split('.')[0]!)) continue
    throw new BlockError('unsupported', `Option '${key}' cannot be reset to its default value`, { option: key })
  }
}

/** @param changes - whether an option is among those that may differ from what was given before */
function checkUnchanged(node: BlockNode, options: OptionValues, changes: (key: string) => boolean): void {
  const roles = childRoles.filter((role) => node.child(role) !== undefined)
  const same = (key: string): boolean =>
    changeable.includes(key) ||
    (key === 'backing' && options[key] === null && node.child('backing') === undefined) ||
    roles.some((role) => {
      const [name, child] = [optionOf(node, role), node.child(role)!]
      return key === name ? options[key] === child.name : child.openedFor === node && key.startsWith(`${name}.`)
    })
  for (const key of qdictOrder(Object.keys(options))) {
    // What it was given for a node below is that node's, as long as it is there.
    const own = !childRoles.some((role) => key.startsWith(`${optionOf(node, role)}.`))
    if (!changes(key) && !same(key) && !(own && options[key] === node.given[key])) throw cannotChange(key)
  }
}

/** What the options call a node below. */
function optionOf(node: BlockNode, role: ChildRole): string {
  return role === 'file' ? (filters.get(node.driver.name)?.child ?? role) : role
}

function cannotChange(option: string): BlockError {
  return new BlockError('unsupported', `Cannot change the option '${option}'`, { option })
}
