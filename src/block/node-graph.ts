import { BlockError } from './block-error.ts'
import type { DetectZeroes } from './detect-zeroes.ts'
import { type CacheMode, type Damage, type Driver, writeback } from './driver.ts'
import { BlockNode } from './node.ts'
import { checkNodeName, NodeNames } from './node-names.ts'
import { type ImageHearer, type ImageSource, openImage } from './open-image.ts'
import type { OptionValues } from './option-bag.ts'
import { ThrottleGroups } from './throttling/throttle-groups.ts'
import { Turns } from './turns.ts'

export interface NodeGraphOptions {
  /** Hears what a user should know: that a format was guessed, say. */
  readonly warn?: (text: string) => void
  /** Hears of damage that a request has met in an image. */
  readonly damaged?: (node: string, damage: Damage) => void
  /** Passwords for images that are encrypted, by the names that options have for them. */
  readonly secret?: (id: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>
  /** Whether images are opened that were encrypted before LUKS, by the password itself. Default: they are. */
  readonly legacyEncryption?: boolean
  /** Whether a name is taken by something that shares its space with nodes: a drive. */
  readonly isReserved?: (name: string) => boolean
  /** Limits that nodes share with drives; by default with nobody. */
  readonly throttleGroups?: ThrottleGroups
  /** As `Math.random`; for tests. */
  readonly random?: () => number
}

export interface NewNode {
  readonly name?: string | undefined
  /** From `generateName()`, for a node without a name of its own. */
  readonly generatedName?: string
  readonly readOnly?: boolean
  readonly cache?: CacheMode
  readonly detectZeroes?: DetectZeroes
  /** Whether discards reach the driver. Default: they do nothing. */
  readonly discard?: boolean
  /** The options with which it was opened, by dotted keys. */
  readonly given?: OptionValues
}

/** All nodes, by name. */
export class NodeGraph implements AsyncDisposable {
  readonly #nodes = new Map<string, BlockNode>()
  readonly #turns = new Turns()
  readonly #names: NodeNames
  readonly #hearer: ImageHearer
  /** When the opening of each node began, by the name that was generated for it then. */
  readonly #begun = new Map<string, number>()
  readonly #order = new Map<BlockNode, number>()
  #count = 0
  readonly #isReserved: (name: string) => boolean
  /** The limits that nodes can have, by name. */
  readonly throttleGroups: ThrottleGroups

  constructor(options: NodeGraphOptions = {}) {
    const { warn = () => undefined, damaged = () => undefined, isReserved = () => false, random } = options
    this.#hearer = {
      warn,
      secret: async (id) => options.secret?.(id),
      legacyEncryption: options.legacyEncryption ?? true,
      damaged(node, damage) {
        const marking = damage.fatal ? 'Marking image as' : 'Image is'
        const further = damage.fatal ? 'corruption' : 'non-fatal corruption'
        warn(`qcow2: ${marking} corrupt: ${damage.message}; further ${further} events will be suppressed`)
        damaged(node, damage)
      },
    }
    this.throttleGroups = options.throttleGroups ?? new ThrottleGroups()
    this.#isReserved = isReserved
    this.#names = new NodeNames(random)
  }

  /** What the user has given under a name, to lock and unlock images; undefined if there is nothing. */
  secret(id: string): Promise<Uint8Array | undefined> {
    return this.#hearer.secret(id)
  }

  get nodes(): Iterable<BlockNode> {
    return this.#nodes.values()
  }

  /** All nodes in the order in which they began to be opened: formats after their files, and before what is behind them. */
  get inOrder(): BlockNode[] {
    return [...this.#nodes.values()].sort((one, other) => this.#order.get(one)! - this.#order.get(other)!)
  }

  find(name: string): BlockNode | undefined {
    return this.#nodes.get(name)
  }

  /**
   * Opens an image with everything below it. The node belongs to the caller until somebody attaches to it; then it
   * closes with its last user.
   *
   * @throws {BlockError} in QEMU's words
   */
  open(source: ImageSource): Promise<BlockNode> {
    return openImage(this, source, this.#hearer)
  }

  /**
   * Makes a node of an open driver, which then belongs to the node.
   *
   * @throws {BlockError} kinds `invalid` and `duplicate`, if it cannot have that name
   */
  add(driver: Driver, settings: NewNode = {}): BlockNode {
    const { readOnly = false, cache = writeback, detectZeroes = 'off', discard = false, given = {} } = settings
    if (settings.name !== undefined) this.checkName(settings.name)
    const generatedName = settings.generatedName ?? this.generateName()
    const name = settings.name ?? generatedName
    const node = new BlockNode(driver, { name, readOnly, cache, detectZeroes, discard, given }, this.#turns, () =>
      this.#forget(node),
    )
    this.#order.set(node, this.#begun.get(generatedName) ?? this.#count++)
    this.#begun.delete(generatedName)
    this.#nodes.set(name, node)
    return node
  }

  /** A name that no node has had: a node gets it before those below it that its own opening asks for. */
  generateName(): string {
    const name = this.#names.generate()
    this.#begun.set(name, this.#count++)
    return name
  }

  /** @throws {BlockError} kinds `invalid` and `duplicate`, if a new node cannot have that name */
  checkName(name: string): void {
    checkNodeName(name)
    if (this.#isReserved(name)) {
      throw new BlockError('duplicate', `node-name=${name} is conflicting with a device id`, { node: name })
    }
    if (this.#nodes.has(name)) {
      throw new BlockError('duplicate', `Duplicate nodes with node-name='${name}'`, { node: name })
    }
  }

  #forget(node: BlockNode): void {
    this.#nodes.delete(node.name)
    this.#order.delete(node)
  }

  /** Closes the nodes that nobody uses. */
  async close(): Promise<void> {
    for (const node of [...this.#nodes.values()]) if (!node.attached) await node.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
