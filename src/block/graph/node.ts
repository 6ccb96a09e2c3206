import { print } from '../../json/index.ts'
import { NodeBitmaps } from '../bitmaps/index.ts'
import { BlockError } from '../block-error.ts'
import { checkLength } from '../largest-length.ts'
import type { DetectZeroes } from '../open/detect-zeroes.ts'
import type {
  BlockStatus,
  CacheMode,
  ChangeOptions,
  ChildRole,
  Driver,
  ImageDetails,
  RequestOptions,
  WriteOptions,
  ZeroesOptions,
} from '../open/driver.ts'
import type { OptionValues } from '../open/option-bag.ts'
import { isZero, writeZeroesAligned } from '../zeroes.ts'
import type { Access, Permission } from './access.ts'
import type { Attachment } from './attachment.ts'
import { Blockers } from './blockers.ts'
import { hurryWithin } from './cycles.ts'
import { InFlight } from './in-flight.ts'
import { type GraphParts, NodeLinks } from './node-links.ts'
import type { NewNodeSettings, NodeSettings, NodeState, NodeUser } from './node-settings.ts'
import { ReadCopies } from './read-copies.ts'
import { Shaping } from './shaping.ts'
import { WriteMark } from './write-mark.ts'

export type { Attachment } from './attachment.ts'
export type { NewNodeSettings, NodeSettings, NodeState, NodeUser } from './node-settings.ts'

/**
 * A node of the block graph: an open image, or the storage below one.
 *
 * Checks requests and counts them; knows who uses it, and closes when the last user leaves. Offsets and lengths are
 * bytes. Requests may run at the same time in any number; overlapping ones have no order.
 */
export class BlockNode {
  readonly name: string
  readonly driver: Driver
  #given: OptionValues
  #settings: NodeSettings
  #openedFor: BlockNode | undefined
  readonly writes = new WriteMark()
  /** Note what is written. */
  readonly bitmaps: NodeBitmaps
  readonly blockers = new Blockers()
  /** @internal for other nodes: what it uses, and who uses it */
  readonly links: NodeLinks
  #io: Driver | Shaping
  readonly #forget: (node: BlockNode) => void
  /** If what is read from behind is copied. */
  #readCopies: ReadCopies | undefined
  #state: NodeState = 'open'
  readonly #inFlight = new InFlight()

  /** @internal nodes come from `NodeGraph.open()` */
  constructor(driver: Driver, settings: NewNodeSettings, parts: GraphParts, forget: (node: BlockNode) => void) {
    this.name = settings.name
    const { given, ...own } = settings
    this.#given = given
    this.#settings = own
    this.driver = driver
    this.bitmaps = driver.bitmaps ?? new NodeBitmaps(() => driver.length)
    this.#io = shaped(driver)
    this.#forget = forget
    this.links = new NodeLinks(this, parts, () => this.#end())
    // What others hold already was there before.
    for (const child of driver.children.values()) if (!child.attached) child.#openedFor = this
    this.links.takeChildren()
  }

  get given(): OptionValues {
    return this.#given
  }

  get settings(): NodeSettings {
    return this.#settings
  }

  get readOnly(): boolean {
    return this.#settings.readOnly
  }

  get cache(): CacheMode {
    return this.#settings.cache
  }

  get detectZeroes(): DetectZeroes {
    return this.#settings.detectZeroes
  }

  /** Whether what is read from behind is copied into this image. */
  get copiesReads(): boolean {
    return this.#readCopies !== undefined
  }

  get discards(): boolean {
    return this.#settings.discard
  }

  /** The node for which this one was opened; undefined for one that users have named. */
  get openedFor(): BlockNode | undefined {
    return this.#openedFor
  }

  /**
   * @internal for who puts it below another node: if it was opened for one that was opened for that one, it counts as
   * opened for that one from now on
   */
  comesBelow(above: BlockNode): void {
    for (let node = this.#openedFor; node !== undefined; node = node.openedFor) {
      if (node === above) this.#openedFor = above
    }
  }

  /**
   * From now on copies what is read from behind into the image itself, while somebody uses it who writes.
   *
   * @throws {BlockError} kind `read-only`
   */
  copyReads(): void {
    if (this.readOnly)
      throw new BlockError('read-only', "Can't use copy-on-read on read-only device", { node: this.name })
    this.#readCopies ??= new ReadCopies({
      look: async (offset, length) => {
        if (this.readOnly || !this.access.uses.includes('write')) return { length, copies: false }
        // Of the driver itself: who drains the node waits for this request.
        const status = await this.driver.status?.(offset, length)
        return { length: status?.length ?? length, copies: status?.allocated === false }
      },
      readInto: (offset, target, options) => this.#io.readInto(offset, target, options),
      write: (offset, bytes) => this.#io.write(offset, bytes),
      writeZeroes: (offset, length) => this.#writeZeroes(offset, length),
    })
  }

  /** What the image is called where users read it. */
  get filename(): string {
    return this.driver.filename ?? `json:${print(this.driver.fullOptions())}`
  }

  get state(): NodeState {
    return this.#state
  }

  /** The size of the image as its users see it. */
  get length(): number {
    return this.driver.length
  }

  /** What all users together do. */
  get access(): Access {
    return this.links.access
  }

  /** Whether no node is above it, and no job is about it. */
  get isRoot(): boolean {
    return this.links.isRoot
  }

  get attached(): boolean {
    return this.links.attached
  }

  /** Whether others than nodes use it, and one of them. */
  usedBesides(user: Attachment | undefined): boolean {
    return this.links.usedBesides(user)
  }

  /** @throws {BlockError} kinds `range`, `closed`, `io` */
  async read(offset: number, length: number, options?: RequestOptions): Promise<Uint8Array> {
    this.#check(offset, length)
    // Memory of its own, not a slice of Node's pool: it can be transferred to another thread.
    const target = Buffer.allocUnsafeSlow(length)
    await this.readInto(offset, target, options)
    return target
  }

  /** @throws {BlockError} kinds `range`, `closed`, `io` */
  readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    return this.#request(offset, target.byteLength, options, () =>
      (this.#readCopies ?? this.#io).readInto(offset, target, options),
    )
  }

  /**
   * Writes; the bytes must stay as they are until the promise settles. What is written is on stable storage after
   * the next `flush()`.
   *
   * @throws {BlockError} kinds `read-only`, `range`, `closed`, `no-space`, `io`; `permission`, if no user has said that
   *   it writes
   */
  write(offset: number, bytes: Uint8Array, options?: WriteOptions): Promise<void> {
    if (options?.grow === true && offset + bytes.byteLength > this.length) return this.#append(offset, bytes, options)
    return this.#alter(offset, bytes.byteLength, options, () => {
      this.#checkWrites(options)
      this.writes.note(offset + bytes.byteLength)
      if (this.detectZeroes === 'off' || bytes.byteLength === 0 || !isZero(bytes)) {
        return this.#io.write(offset, bytes, options)
      }
      const unmap = this.detectZeroes === 'unmap' && this.discards
      return this.#writeZeroes(offset, bytes.byteLength, { ...options, unmap })
    })
  }

  /** Writes whole clusters in little space. @throws {BlockError} as `write()`; kind `unsupported`, if the format cannot */
  writeCompressed(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    return this.#alter(offset, bytes.byteLength, options, async () => {
      this.#checkUse('write')
      const { driver, name } = this
      if (driver.writeCompressed === undefined) {
        throw new BlockError('unsupported', 'Operation not supported', { node: name })
      }
      this.writes.note(offset + bytes.byteLength)
      await driver.writeCompressed(offset, bytes, options)
    })
  }

  /** Makes a range read as zeroes, in the way that costs least. @throws {BlockError} as `write()` */
  writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    return this.#alter(offset, length, options, async () => {
      this.#checkWrites(options)
      this.writes.note(offset + length)
      await this.#writeZeroes(offset, length, options)
    })
  }

  /**
   * Says that nobody needs a range any more; what it reads as from then on is undefined. Does nothing unless the node
   * was opened with `discard=unmap`.
   *
   * @throws {BlockError} as `write()`
   */
  discard(offset: number, length: number, options?: RequestOptions): Promise<void> {
    return this.#request(offset, length, options, async () => {
      this.#checkUse('write')
      if (!this.discards || length === 0 || this.driver.discard === undefined) return
      const change = (): Promise<void> => this.#noted(offset, length, this.driver.discard!(offset, length, options))
      await (this.#readCopies?.changing(offset, length, change) ?? change())
    })
  }

  /** What is known of a range, or of its beginning, without reading it. The range is not empty. @throws {BlockError} */
  status(offset: number, length: number, options?: RequestOptions): Promise<BlockStatus> {
    return this.#request(offset, length, options, async () => {
      const status = await this.driver.status?.(offset, length)
      return status ?? { length, allocated: true, data: true, zero: false, offset }
    })
  }

  /** Settles when everything whose write has settled before is on stable storage. @throws {BlockError} kinds `closed`, `io` */
  flush(options?: RequestOptions): Promise<void> {
    return this.#request(0, 0, options, () => {
      // Even so the host gets what only our memory holds: it is lost with the host alone.
      const unneeded = this.cache.noFlush && this.driver.children.size === 0
      return unneeded || this.readOnly ? Promise.resolve() : this.driver.flush(options)
    })
  }

  /**
   * Changes the size, for most formats to a multiple of 512 bytes; new bytes are zeroes.
   *
   * @throws {BlockError} as `write()`; `invalid`, if that is no size; `unsupported`, if the image keeps its size
   */
  truncate(length: number, options?: RequestOptions): Promise<void> {
    return this.#request(0, 0, options, async () => {
      this.#checkUse('resize')
      checkLength(this.name, length)
      await this.driver.truncate(length, options)
      this.bitmaps.resize()
    })
  }

  details(): Promise<ImageDetails> {
    return this.#request(0, 0, undefined, () => this.driver.details())
  }

  /**
   * Makes somebody a user of this node.
   *
   * @throws {BlockError} kind `busy`, if users exclude each other; `read-only`; `locked`; `permission`
   */
  attach(user: NodeUser): Promise<Attachment> {
    return this.links.attach(user)
  }

  /** The node below that has a role, if there is one. */
  child(role: ChildRole): BlockNode | undefined {
    return this.links.child(role)?.node
  }

  /** The nodes below, by role. */
  get children(): ReadonlyMap<ChildRole, BlockNode> {
    return this.driver.children
  }

  /** The node that shows through: all of it, if this one is a filter, else where this one holds nothing. */
  get behind(): BlockNode | undefined {
    return (this.driver.filters === true ? this.child('file') : undefined) ?? this.child('backing')
  }

  /**
   * Runs `work` while nothing runs on this node and nothing starts: requests that come meanwhile wait. `work` makes no
   * request to this node itself.
   */
  async drained<T>(work: () => Promise<T>): Promise<T> {
    const relax = this.hurry()
    try {
      await this.#inFlight.drain()
      return await work()
    } finally {
      this.#inFlight.resume()
      relax()
    }
  }

  /**
   * Lets nothing hold requests back, here and below, until the result is called: for whoever waits for them to end.
   */
  hurry(): () => void {
    return hurryWithin(this)
  }

  /**
   * Puts another node in the place of one below, or none: in a drained section, with the rights that the old one gave.
   * The old child closes if nobody else uses it.
   *
   * @throws {BlockError} kind `invalid`, if this node would lie below itself; `unsupported`, if the driver keeps its
   *   children; as `attach()`; then nothing has changed
   */
  replaceChild(role: ChildRole, child: BlockNode | undefined): Promise<void> {
    return this.links.replaceChild(role, child)
  }

  /**
   * Changes how the node is used, while nothing runs on it.
   *
   * @throws {BlockError} kind `read-only`, if users write to what is to be read only; as `attach()`; then nothing has
   *   changed
   */
  reconfigure({ given, ...settings }: Omit<NewNodeSettings, 'name'>): Promise<void> {
    return this.links.turns.take(() =>
      this.drained(async () => {
        const before = this.#settings
        const writes = this.access.uses.some((permission) => permission !== 'read')
        if (settings.readOnly && writes) {
          const text = `Read-only block node '${this.name}' cannot support read-write users`
          throw new BlockError('read-only', text, { node: this.name })
        }
        try {
          await this.#become({ ...settings, name: this.name })
        } catch (error) {
          await this.#become(before)
          throw error
        }
        this.#given = given
      }),
    )
  }

  /** @internal for the graph: takes the rights below that the node needs even without users */
  begin(): Promise<void> {
    return this.links.turns.take(() => this.links.spread())
  }

  /** @internal for the graph, within a turn: another process is to have the image, with everything that memory has of it */
  async handOver(): Promise<void> {
    await this.drained(async () => {
      if (this.readOnly) return
      await (this.driver.handOver ?? this.driver.settle)?.call(this.driver)
    })
  }

  /** Closes a node that nobody uses; later calls do nothing. @throws {BlockError} kind `busy` */
  close(): Promise<void> {
    return this.links.turns.take(async () => {
      if (this.attached) throw new BlockError('busy', `Node ${this.name} is in use`, { node: this.name })
      await this.#end()
    })
  }

  /** @throws {BlockError} kind `closed` */
  checkOpen(): void {
    if (this.#state === 'open') return
    throw new BlockError('closed', `Node ${this.name} is ${this.#state}`, { node: this.name })
  }

  /** @throws {BlockError} kind `read-only` */
  checkWritable(): void {
    if (this.readOnly) throw new BlockError('read-only', 'Block node is read-only', { node: this.name })
  }

  async #become(settings: NodeSettings): Promise<void> {
    const { readOnly } = this.#settings
    if (settings.readOnly && !readOnly) await this.driver.settle?.()
    if (settings.readOnly !== readOnly) await this.driver.setReadOnly?.(settings.readOnly)
    if (this.driver.setCache !== undefined) {
      await this.driver.setCache(settings.cache)
      this.#io = shaped(this.driver)
    }
    this.#settings = settings
    await this.links.spread()
  }

  async #end(): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    const relax = this.hurry()
    await this.#inFlight.untilQuiet()
    try {
      await this.driver.close()
    } finally {
      relax()
      this.#state = 'closed'
      this.#forget(this)
      await this.links.leaveChildren()
    }
  }

  #request<T>(offset: number, length: number, options: RequestOptions | undefined, run: () => Promise<T>): Promise<T> {
    return this.#inFlight.run(() => {
      this.#check(offset, length)
      options?.signal?.throwIfAborted()
      return run()
    }, options?.signal)
  }

  /** As `#request()`, of one that changes what the range holds. */
  #alter(offset: number, length: number, options: RequestOptions | undefined, run: () => Promise<void>): Promise<void> {
    const change = (): Promise<void> => this.#noted(offset, length, run())
    return this.#request(offset, length, options, () => this.#readCopies?.changing(offset, length, change) ?? change())
  }

  /** The bitmaps hear of a change when it has ended, well or not. */
  #noted(offset: number, length: number, running: Promise<void>): Promise<void> {
    return running.finally(() => this.bitmaps.mark(offset, length))
  }

  #append(offset: number, bytes: Uint8Array, options: WriteOptions): Promise<void> {
    return this.#request(0, 0, options, async () => {
      this.#checkUse('write')
      this.#checkUse('resize')
      if (this.driver.grows !== true) {
        const length = Math.ceil((offset + bytes.byteLength) / 512) * 512
        if (length > this.length) await this.driver.truncate(length, options)
      }
      await this.#io.write(offset, bytes, options).finally(() => this.bitmaps.resize())
      this.bitmaps.mark(offset, bytes.byteLength)
    })
  }

  #writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    if (length === 0) return Promise.resolve()
    return writeZeroesAligned(this.driver, this.#io, offset, length, options)
  }

  #check(offset: number, length: number): void {
    this.checkOpen()
    if (offset >= 0 && length >= 0 && offset + length <= this.driver.length && Number.isInteger(offset)) return
    const text = `Request of ${length} bytes at ${offset} is outside of node ${this.name}`
    throw new BlockError('range', text, { node: this.name, offset, length })
  }

  #checkWrites({ unchanged = false }: ChangeOptions = {}): void {
    if (!unchanged || !this.access.uses.includes('write-unchanged')) this.#checkUse('write')
    else this.checkWritable()
  }

  #checkUse(permission: Permission): void {
    this.checkWritable()
    if (this.access.uses.includes(permission)) return
    throw new BlockError('permission', `No user of node ${this.name} has asked to ${permission}`, { node: this.name })
  }
}

/** A driver as requests of any kind can be made to it. */
function shaped(driver: Driver): Driver | Shaping {
  const { limits = {} } = driver
  const servesAll = (limits.alignment ?? 1) === 1 && limits.maxTransfer === undefined
  return servesAll ? driver : new Shaping(driver, limits)
}
