import { print } from '../json/index.ts'
import { type Access, checkConflicts, combine, idle, type Permission } from './access.ts'
import { Attachment } from './attachment.ts'
import { BlockError } from './block-error.ts'
import type { DetectZeroes } from './detect-zeroes.ts'
import type {
  BlockStatus,
  CacheMode,
  ChildRole,
  Driver,
  ImageDetails,
  RequestOptions,
  WriteOptions,
  ZeroesOptions,
} from './driver.ts'
import { InFlight } from './in-flight.ts'
import type { OptionValues } from './option-bag.ts'
import { Shaping } from './shaping.ts'
import type { Turns } from './turns.ts'
import { WriteMark } from './write-mark.ts'
import { isZero, writeZeroBytes, writeZeroesAligned } from './zeroes.ts'

export type { Attachment } from './attachment.ts'

export type NodeState = 'open' | 'closing' | 'closed'

export interface NodeSettings {
  readonly name: string
  readonly readOnly: boolean
  readonly cache: CacheMode
  readonly detectZeroes: DetectZeroes
  /** Whether discards reach the driver. */
  readonly discard: boolean
}

export interface NewNodeSettings extends NodeSettings {
  /** The options with which it was opened, by dotted keys. */
  readonly given: OptionValues
}

/** Who attaches to a node. */
export interface NodeUser {
  /** As a conflict names it: `block device 'ide0-hd0'`. */
  readonly description: string
  readonly access?: Access
}

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
  /** The node for which this one was opened; undefined for one that users have named. */
  #openedFor: BlockNode | undefined
  readonly writes = new WriteMark()
  readonly #io: Driver | Shaping
  readonly #turns: Turns
  readonly #forget: (node: BlockNode) => void
  readonly #attachments = new Set<Attachment>()
  readonly #children = new Map<ChildRole, Attachment>()
  #access: Access = idle
  #state: NodeState = 'open'
  readonly #inFlight = new InFlight()

  /** @internal nodes come from `NodeGraph.open()` */
  constructor(driver: Driver, settings: NewNodeSettings, turns: Turns, forget: (node: BlockNode) => void) {
    this.name = settings.name
    const { given, ...own } = settings
    this.#given = given
    this.#settings = own
    this.driver = driver
    const { limits = {} } = driver
    const servesAll = (limits.alignment ?? 1) === 1 && limits.maxTransfer === undefined
    this.#io = servesAll ? driver : new Shaping(driver, limits)
    this.#turns = turns
    this.#forget = forget
    for (const [role, child] of driver.children) {
      // What others hold already was there before.
      if (!child.attached) child.#openedFor = this
      this.#children.set(role, child.#admit(`node '${settings.name}'`, idle))
    }
  }

  /** The options with which it was opened, by dotted keys. */
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

  /** Whether discards reach the driver. */
  get discards(): boolean {
    return this.#settings.discard
  }

  /** The node for which this one was opened; undefined for one that users have named. */
  get openedFor(): BlockNode | undefined {
    return this.#openedFor
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
    return this.#access
  }

  get attached(): boolean {
    return this.#attachments.size > 0
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
    return this.#request(offset, target.byteLength, options, () => this.#io.readInto(offset, target, options))
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
    return this.#request(offset, bytes.byteLength, options, () => {
      this.#checkUse('write')
      this.writes.note(offset + bytes.byteLength)
      if (this.detectZeroes === 'off' || bytes.byteLength === 0 || !isZero(bytes)) {
        return this.#io.write(offset, bytes, options)
      }
      const unmap = this.detectZeroes === 'unmap' && this.discards
      return this.#writeZeroes(offset, bytes.byteLength, { ...options, unmap })
    })
  }

  /** Makes a range read as zeroes, in the way that costs least. @throws {BlockError} as `write()` */
  writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    return this.#request(offset, length, options, async () => {
      this.#checkUse('write')
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
      if (this.discards && length > 0) await this.driver.discard?.(offset, length, options)
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
    return this.#request(0, 0, options, () =>
      this.cache.noFlush || this.readOnly ? Promise.resolve() : this.driver.flush(options),
    )
  }

  /**
   * Changes the size to a multiple of 512 bytes; new bytes are zeroes.
   *
   * @throws {BlockError} as `write()`; `invalid`, if that is no size; `unsupported`, if the image keeps its size
   */
  truncate(length: number, options?: RequestOptions): Promise<void> {
    return this.#request(0, 0, options, () => {
      this.#checkUse('resize')
      if (!(length >= 0 && length % 512 === 0 && Number.isSafeInteger(length))) {
        throw new BlockError('invalid', `${length} bytes are no size for an image`, { node: this.name, length })
      }
      return this.driver.truncate(length, options)
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
    return this.#turns.take(() => this.#adopt(user.description, user.access ?? idle))
  }

  /** The node below that has a role, if there is one. */
  child(role: ChildRole): BlockNode | undefined {
    return this.#children.get(role)?.node
  }

  /** The node that shows through: all of it, if this one is a filter, else where this one holds nothing. */
  get behind(): BlockNode | undefined {
    return this.child(this.driver.filters === true ? 'file' : 'backing')
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
    const undo = [...this.#children.values()].map(({ node }) => node.hurry())
    const relax = this.driver.hurry?.()
    if (relax !== undefined) undo.push(relax)
    return () => {
      for (const each of undo) each()
    }
  }

  /**
   * Puts another node in the place of one below, or none: in a drained section, with the rights that the old one gave.
   * The old child closes if nobody else uses it.
   *
   * @throws {BlockError} kind `unsupported`, if the driver keeps its children; as `attach()`; then nothing has changed
   */
  replaceChild(role: ChildRole, child: BlockNode | undefined): Promise<void> {
    return this.#turns.take(() =>
      this.drained(async () => {
        if (this.driver.setChild === undefined || (role === 'file' && this.driver.changesFile !== true)) {
          throw new BlockError('unsupported', `Node '${this.name}' cannot change its ${role} node`, { node: this.name })
        }
        await this.driver.settle?.()
        const before = this.#children.get(role)
        const held = before?.access ?? idle
        // Two nodes can lie one over the other: the new one may need what the old one has given.
        if (before !== undefined) await before.node.#change(before, idle)
        try {
          if (child === undefined) this.#children.delete(role)
          else
            this.#children.set(role, await child.#adopt(`node '${this.name}'`, this.#childAccess(role, this.#access)))
        } catch (error) {
          if (before !== undefined) await before.node.#change(before, held)
          throw error
        }
        this.driver.setChild(role, child)
        if (before !== undefined) await before.node.#leave(before)
      }),
    )
  }

  /**
   * Changes how the node is used, while nothing runs on it.
   *
   * @throws {BlockError} kind `read-only`, if users write to what is to be read only; as `attach()`; then nothing has
   *   changed
   */
  reconfigure({ given, ...settings }: Omit<NewNodeSettings, 'name'>): Promise<void> {
    return this.#turns.take(() =>
      this.drained(async () => {
        const before = this.#settings
        const writes = this.#access.uses.some((permission) => permission !== 'read')
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
    return this.#turns.take(() => this.#spread())
  }

  /** Closes a node that nobody uses; later calls do nothing. @throws {BlockError} kind `busy` */
  close(): Promise<void> {
    return this.#turns.take(async () => {
      if (this.attached) throw new BlockError('busy', `Node ${this.name} is in use`, { node: this.name })
      await this.#end()
    })
  }

  async #become(settings: NodeSettings): Promise<void> {
    const { readOnly } = this.#settings
    if (settings.readOnly && !readOnly) await this.driver.settle?.()
    if (settings.readOnly !== readOnly) await this.driver.setReadOnly?.(settings.readOnly)
    this.#settings = settings
    await this.#spread()
  }

  async #adopt(description: string, access: Access): Promise<Attachment> {
    const attachment = this.#admit(description, idle)
    try {
      await this.#change(attachment, access)
    } catch (error) {
      this.#attachments.delete(attachment)
      throw error
    }
    return attachment
  }

  #admit(description: string, access: Access): Attachment {
    if (this.#state !== 'open') throw this.#closedError()
    const attachment: Attachment = new Attachment(this, description, access, {
      update: (wanted) => this.#turns.take(() => this.#change(attachment, wanted)),
      detach: () => this.#turns.take(() => this.#leave(attachment)),
    })
    this.#attachments.add(attachment)
    return attachment
  }

  /** Changes what one user does, here and below; if that fails, everything is as before. */
  async #change(attachment: Attachment, wanted: Access): Promise<void> {
    const before = attachment.access
    const holders = [...this.#attachments].map((each) =>
      each === attachment ? { description: each.description, access: wanted } : each,
    )
    checkConflicts(this.name, holders.reverse())
    if (wanted.uses.some((permission) => permission !== 'read')) this.#checkWritable()
    attachment.become(wanted)
    try {
      await this.#spread()
    } catch (error) {
      attachment.become(before)
      await this.#spread()
      throw error
    }
  }

  /** Tells driver and children what the users do. */
  async #spread(): Promise<void> {
    const access = combine(this.#attachments)
    this.#access = access
    for (const [role, child] of this.#children) {
      await child.node.#change(child, this.#childAccess(role, access))
    }
    await this.driver.setAccess?.(access)
  }

  #childAccess(role: ChildRole, access: Access): Access {
    return this.driver.childAccess?.(role, access) ?? access
  }

  async #leave(attachment: Attachment): Promise<void> {
    if (!this.#attachments.delete(attachment)) return
    if (this.attached) await this.#spread()
    else await this.#end()
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
      for (const child of this.#children.values()) await child.node.#leave(child)
    }
  }

  #request<T>(offset: number, length: number, options: RequestOptions | undefined, run: () => Promise<T>): Promise<T> {
    return this.#inFlight.run(() => {
      this.#check(offset, length)
      options?.signal?.throwIfAborted()
      return run()
    }, options?.signal)
  }

  #append(offset: number, bytes: Uint8Array, options: WriteOptions): Promise<void> {
    return this.#request(0, 0, options, async () => {
      this.#checkUse('write')
      this.#checkUse('resize')
      if (this.driver.grows !== true) {
        const length = Math.ceil((offset + bytes.byteLength) / 512) * 512
        if (length > this.length) await this.driver.truncate(length, options)
      }
      await this.#io.write(offset, bytes, options)
    })
  }

  #writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    if (length === 0) return Promise.resolve()
    if (this.driver.writeZeroes !== undefined) return writeZeroesAligned(this.driver, this.#io, offset, length, options)
    return writeZeroBytes(this.#io, offset, length, options)
  }

  #check(offset: number, length: number): void {
    if (this.#state !== 'open') throw this.#closedError()
    if (offset >= 0 && length >= 0 && offset + length <= this.driver.length && Number.isSafeInteger(offset)) return
    throw new BlockError('range', `Request of ${length} bytes at ${offset} is outside of node ${this.name}`, {
      node: this.name,
      offset,
      length,
    })
  }

  #checkUse(permission: Permission): void {
    this.#checkWritable()
    if (this.#access.uses.includes(permission)) return
    throw new BlockError('permission', `No user of node ${this.name} has asked to ${permission}`, { node: this.name })
  }

  #checkWritable(): void {
    if (this.readOnly) throw new BlockError('read-only', 'Block node is read-only', { node: this.name })
  }

  #closedError(): BlockError {
    return new BlockError('closed', `Node ${this.name} is ${this.#state}`, { node: this.name })
  }
}
