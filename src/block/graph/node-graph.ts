import type { FileSource } from '../../descriptors/index.ts'
import { BlockError } from '../block-error.ts'
import type { DetectZeroes } from '../open/detect-zeroes.ts'
import { type CacheMode, type ChildRole, type Damage, type Driver, writeback } from '../open/driver.ts'
import { type ImageHearer, type ImageSource, openImage } from '../open/open-image.ts'
import type { OptionValues } from '../open/option-bag.ts'
import { ThrottleGroups } from '../throttling/throttle-groups.ts'
import { Activity } from './activity.ts'
import { BlockNode } from './node.ts'
import { checkNodeName, NodeNames } from './node-names.ts'
import { Turns } from './turns.ts'

export interface NodeGraphOptions {
  /** Hears what a user should know: that a format was guessed, say. */
  readonly warn?: (text: string) => void
  /** Hears what is said in the program's name. Default: as `warn`. */
  readonly complain?: (text: string) => void
  /** Prints a line: what filters for tests say of what they do. */
  readonly print?: (text: string) => void
  /** Hears of damage that a request has met in an image. */
  readonly damaged?: (node: string, damage: Damage) => void
  /** Passwords for images that are encrypted, by the names that options have for them. */
  readonly secret?: (id: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>
  /** Opens files whose names stand for descriptors that were passed. */
  readonly files?: FileSource
  /** What secures connections to servers of images. @throws {TransportError} `tls`, if there are no such credentials */
  readonly securing?: ImageHearer['securing']
  /** Whether images are opened that were encrypted before LUKS, by the password itself. Default: they are. */
  readonly legacyEncryption?: boolean
  /** What shares the space of names with nodes: drives, each with the node of its image. */
  readonly drive?: (name: string) => { readonly node: BlockNode | undefined } | undefined
  /** Limits that nodes share with drives; by default with nobody. */
  readonly throttleGroups?: ThrottleGroups
  /** Whether the images are another process's at first, which writes them: until `claim()`. */
  readonly inactive?: boolean
  /** Hears of nodes whose connections can be broken at once; the result hears of their end. */
  readonly yankable?: (name: string, yank: () => void) => () => void
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
  readonly #activity: Activity
  readonly #names: NodeNames
  readonly #hearer: ImageHearer
  /** When the opening of each node began, by the name that was generated for it then. */
  readonly #begun = new Map<string, number>()
  readonly #order = new Map<BlockNode, number>()
  #count = 0
  readonly #yankable: NonNullable<NodeGraphOptions['yankable']>
  /** What tells of the end of nodes that can be yanked. */
  readonly #yanks = new WeakMap<BlockNode, () => void>()
  readonly #drive: NonNullable<NodeGraphOptions['drive']>
  /** The limits that nodes can have, by name. */
  readonly throttleGroups: ThrottleGroups

  constructor(options: NodeGraphOptions = {}) {
    const {
      warn = () => undefined,
      complain = warn,
      print = () => undefined,
      damaged = () => undefined,
      drive = () => undefined,
      yankable = () => () => undefined,
      random,
    } = options
    this.#hearer = {
      warn,
      complain,
      print,
      secret: async (id) => options.secret?.(id),
      files: options.files,
      securing: options.securing,
      legacyEncryption: options.legacyEncryption ?? true,
      damaged(node, damage) {
        const marking = damage.fatal ? 'Marking image as' : 'Image is'
        const further = damage.fatal ? 'corruption' : 'non-fatal corruption'
        warn(`qcow2: ${marking} corrupt: ${damage.message}; further ${further} events will be suppressed`)
        damaged(node, damage)
      },
    }
    this.throttleGroups = options.throttleGroups ?? new ThrottleGroups()
    this.#drive = drive
    this.#yankable = yankable
    this.#activity = new Activity(options.inactive !== true)
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

  /** The nodes that a node is directly below, and as what: the one that has used it longest first. */
  above(node: BlockNode): { readonly node: BlockNode; readonly role: ChildRole }[] {
    return [...node.links.users].flatMap(({ owner }) => {
      const parent = owner.kind === 'node' ? this.#nodes.get(owner.name) : undefined
      return owner.kind === 'node' && parent !== undefined ? [{ node: parent, role: owner.role }] : []
    })
  }

  find(name: string): BlockNode | undefined {
    return this.#nodes.get(name)
  }

  /**
   * The node that options mean by a name: a node's own, or that of the drive that holds it.
   *
   * @throws {BlockError} kinds `missing` and `empty`
   */
  named(name: string): BlockNode {
    const drive = this.#drive(name)
    const node = drive?.node ?? this.find(name)
    if (drive !== undefined && drive.node === undefined) {
      throw new BlockError('empty', `Device '${name}' has no medium`, { drive: name })
    }
    if (node !== undefined) return node
    throw new BlockError('missing', `Cannot find device='${name}' nor node-name='${name}'`, { node: name })
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
    const parts = { turns: this.#turns, activity: this.#activity }
    const node = new BlockNode(driver, { name, readOnly, cache, detectZeroes, discard, given }, parts, () =>
      this.#forget(node),
    )
    this.#order.set(node, this.#begun.get(generatedName) ?? this.#count++)
    this.#begun.delete(generatedName)
    this.#nodes.set(name, node)
    if (driver.yank !== undefined)
      this.#yanks.set(
        node,
        this.#yankable(name, () => driver.yank?.()),
      )
    driver.joined?.(node)
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
    if (this.#drive(name) !== undefined) {
      throw new BlockError('duplicate', `node-name=${name} is conflicting with a device id`, { node: name })
    }
    if (this.#nodes.has(name)) {
      throw new BlockError('duplicate', `Duplicate nodes with node-name='${name}'`, { node: name })
    }
  }

  #forget(node: BlockNode): void {
    this.#nodes.delete(node.name)
    this.#order.delete(node)
    this.#yanks.get(node)?.()
  }

  /** Whether the images are this process's. */
  get active(): boolean {
    return this.#activity.active
  }

  /**
   * Lets another process have the images: they have everything that was written, and nothing is locked any more. Reading
   * goes on; what would write is refused.
   *
   * @throws {BlockError} if an image cannot be written; then nothing has changed
   */
  release(): Promise<void> {
    return this.#turns.take(async () => {
      if (!this.active) return
      try {
        for (const node of this.inOrder) await node.handOver()
      } catch (error) {
        await this.#spread() // those that have ended writing begin anew
        throw error
      }
      this.#activity.active = false
      this.#hideKept()
      await this.#spread()
    })
  }

  /**
   * Takes the images back, or over from the process that had them.
   *
   * @param written - whether it has written them
   * @throws {BlockError} kind `locked`, if another process has one; then none is taken
   */
  claim({ written }: { readonly written: boolean }): Promise<void> {
    return this.#turns.take(async () => {
      if (this.active) return
      // Those that were taken before, this process has written itself.
      if (written) for (const node of this.nodes) if (!this.#activity.has(node)) node.driver.distrust?.()
      this.#activity.active = true
      for (const node of this.nodes) node.bitmaps.comeBack()
      try {
        await this.#spread()
        for (const node of this.nodes) this.#activity.fallBack(node)
        for (const node of this.nodes) node.bitmaps.stay()
      } catch (error) {
        this.#activity.active = false
        this.#hideKept()
        await this.#spread()
        throw error
      }
    })
  }

  /** What images keep that have been written is the other process's. */
  #hideKept(): void {
    for (const node of this.nodes) if (!node.readOnly) node.bitmaps.leave()
  }

  /** Lets every node that is below no other tell those below it what is to be done with them. */
  async #spread(): Promise<void> {
    for (const node of this.nodes) if (this.above(node).length === 0) await node.links.spread()
  }

  /**
   * Brings what has been written to the storage, for a process that is about to end, whatever nodes wait for: they are
   * flushed past what holds requests back, and while they close.
   *
   * @returns what has failed
   */
  async save(): Promise<readonly BlockError[]> {
    const written = [...this.nodes].filter(({ writes, readOnly, state, children }) => {
      // What closes, and keeps nothing in memory, has nothing to be saved.
      return writes.highest > 0 && !readOnly && (state === 'open' || children.size > 0)
    })
    const results = await Promise.allSettled(written.map(async ({ driver }) => driver.flush()))
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    const bug = errors.find((error) => !(error instanceof BlockError))
    if (bug !== undefined) throw bug
    // What has closed in the meantime is on its storage.
    return errors.filter(({ kind }) => kind !== 'closed')
  }

  /** Closes the nodes that nobody uses. */
  async close(): Promise<void> {
    for (const node of [...this.#nodes.values()]) if (!node.attached) await node.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
