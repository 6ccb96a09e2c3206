import { type Deferred, deferred } from '../async/index.ts'
import { type Access, type AccessHolder, checkConflicts, combine, idle, type Permission } from './access.ts'
import { BlockError } from './block-error.ts'
import type { DetectZeroes } from './detect-zeroes.ts'
import type { CacheMode, ChildRole, Driver, ImageDetails, RequestOptions } from './driver.ts'
import type { Turns } from './turns.ts'

export type NodeState = 'open' | 'closing' | 'closed'

export interface NodeSettings {
  readonly name: string
  readonly readOnly: boolean
  readonly cache: CacheMode
  readonly detectZeroes: DetectZeroes
  /** What the image is called where users read it. */
  readonly filename: string
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
  readonly readOnly: boolean
  readonly cache: CacheMode
  readonly detectZeroes: DetectZeroes
  readonly filename: string
  readonly driver: Driver
  readonly #turns: Turns
  readonly #forget: (node: BlockNode) => void
  readonly #attachments = new Set<Attachment>()
  readonly #children = new Map<ChildRole, Attachment>()
  #access: Access = idle
  #state: NodeState = 'open'
  #inFlight = 0
  #quiet: Deferred<void> | undefined

  /** @internal nodes come from `NodeGraph.open()` */
  constructor(driver: Driver, settings: NodeSettings, turns: Turns, forget: (node: BlockNode) => void) {
    this.name = settings.name
    this.readOnly = settings.readOnly
    this.cache = settings.cache
    this.detectZeroes = settings.detectZeroes
    this.filename = settings.filename
    this.driver = driver
    this.#turns = turns
    this.#forget = forget
    for (const [role, child] of driver.children) this.#children.set(role, child.#admit(`node '${settings.name}'`, idle))
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
    return this.#request(offset, target.byteLength, options, () => this.driver.readInto(offset, target, options))
  }

  /**
   * Writes; the bytes must stay as they are until the promise settles. What is written is on stable storage after
   * the next `flush()`.
   *
   * @throws {BlockError} kinds `read-only`, `range`, `closed`, `no-space`, `io`; `permission`, if no user has said that
   *   it writes
   */
  write(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    return this.#request(offset, bytes.byteLength, options, () => {
      this.#checkUse('write')
      return this.driver.write(offset, bytes, options)
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
    return this.#turns.take(async () => {
      const attachment = this.#admit(user.description, idle)
      try {
        await this.#change(attachment, user.access ?? idle)
      } catch (error) {
        this.#attachments.delete(attachment)
        throw error
      }
      return attachment
    })
  }

  /** Closes a node that nobody uses; later calls do nothing. @throws {BlockError} kind `busy` */
  close(): Promise<void> {
    return this.#turns.take(async () => {
      if (this.attached) throw new BlockError('busy', `Node ${this.name} is in use`, { node: this.name })
      await this.#end()
    })
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
    const others = [...this.#attachments].filter((other) => other !== attachment)
    checkConflicts(this.name, { description: attachment.description, access: wanted }, others)
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
      await child.node.#change(child, this.driver.childAccess?.(role, access) ?? access)
    }
    await this.driver.setAccess?.(access)
  }

  async #leave(attachment: Attachment): Promise<void> {
    if (!this.#attachments.delete(attachment)) return
    if (this.attached) await this.#spread()
    else await this.#end()
  }

  async #end(): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    await this.#untilQuiet()
    try {
      await this.driver.close()
    } finally {
      this.#state = 'closed'
      this.#forget(this)
      for (const child of this.#children.values()) await child.node.#leave(child)
    }
  }

  async #untilQuiet(): Promise<void> {
    if (this.#inFlight === 0) return
    this.#quiet ??= deferred()
    await this.#quiet.promise
  }

  #request<T>(offset: number, length: number, options: RequestOptions | undefined, run: () => Promise<T>): Promise<T> {
    let running: Promise<T>
    try {
      this.#check(offset, length)
      options?.signal?.throwIfAborted()
      running = run()
    } catch (error) {
      return Promise.reject(error)
    }
    this.#inFlight++
    running.then(this.#settled, this.#settled)
    return running
  }

  readonly #settled = (): void => {
    this.#inFlight--
    if (this.#inFlight > 0 || this.#quiet === undefined) return
    this.#quiet.resolve()
    this.#quiet = undefined
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

interface AttachmentActions {
  update(access: Access): Promise<void>
  detach(): Promise<void>
}

/** One user's hold on a node. The node closes when its last user detaches. */
export class Attachment implements AccessHolder {
  readonly node: BlockNode
  readonly description: string
  #access: Access
  readonly #actions: AttachmentActions

  /** @internal attachments come from `BlockNode.attach()` */
  constructor(node: BlockNode, description: string, access: Access, actions: AttachmentActions) {
    this.node = node
    this.description = description
    this.#access = access
    this.#actions = actions
  }

  get access(): Access {
    return this.#access
  }

  /** Changes what the user does with the node. @throws {BlockError} as `BlockNode.attach()`; then nothing has changed */
  update(access: Access): Promise<void> {
    return this.#actions.update(access)
  }

  /** Leaves the node; later calls do nothing. Waits for requests if that closes the node. */
  detach(): Promise<void> {
    return this.#actions.detach()
  }

  /** @internal for the node, after it has checked */
  become(access: Access): void {
    this.#access = access
  }
}
