import { clearTimeout, setTimeout } from '../../../timers/index.ts'
import type { DirtyBitmap } from '../../bitmaps/index.ts'
import { BlockError } from '../../block-error.ts'
import { type Access, idle } from '../../graph/access.ts'
import { chainOf } from '../../graph/allocation.ts'
import type { BlockNode } from '../../graph/node.ts'
import { RangeLocks } from '../../graph/range-locks.ts'
import type {
  BlockStatus,
  ChildRole,
  NestedOptions,
  RequestOptions,
  WriteOptions,
  ZeroesOptions,
} from '../../open/driver.ts'
import type { OptionValues } from '../../open/option-bag.ts'
import { PassThrough } from '../pass-through.ts'
import { type BlockCopy, CopyFailure } from './block-copy.ts'

/** What becomes of a write that would spoil the copy, because that cannot be made (QAPI's OnCbwError). */
export const copyErrorPolicies = ['break-guest-write', 'break-snapshot'] as const
export type CopyErrorPolicy = (typeof copyErrorPolicies)[number]

export interface CopyBeforeWriteOptions {
  readonly onError?: CopyErrorPolicy
  /** Milliseconds that a write waits at most; 0, the default, for as long as it takes. */
  readonly timeoutMs?: number
  /** What the user has given, by dotted keys. */
  readonly given?: OptionValues
  /** The part of the image that a reader of its earlier state may see. Default: all. */
  readonly visible?: DirtyBitmap | undefined
  /** Whether users of the image are still to become its own: see `place()`. */
  readonly comesLater?: boolean
}

/**
 * Copies what is about to be overwritten to another node: that one, together with this one's image, shows what the image
 * held when the filter came.
 */
export class CopyBeforeWriteDriver extends PassThrough {
  readonly name = 'copy-before-write'
  readonly copy: BlockCopy
  readonly #target: BlockNode
  readonly #onError: CopyErrorPolicy
  readonly #timeoutMs: number
  readonly #given: OptionValues
  /** The target shows the image where it holds nothing itself: whoever reads it must not see what comes later. */
  readonly #targetShowsSource: boolean
  /** Readers of the earlier state, and writes, keep apart. */
  readonly #ranges = new RangeLocks()
  readonly #shown: DirtyBitmap | undefined
  #visible: DirtyBitmap | undefined
  #done: DirtyBitmap | undefined
  #broken: unknown
  #retired = false
  #placed: boolean
  /** Whether anybody is above it. */
  #isUsed = (): boolean => false

  constructor(
    file: BlockNode,
    copy: BlockCopy,
    {
      onError = 'break-guest-write',
      timeoutMs = 0,
      given = {},
      visible,
      comesLater = false,
    }: CopyBeforeWriteOptions = {},
  ) {
    super(file)
    this.#placed = !comesLater
    this.copy = copy
    this.#target = copy.target
    this.#onError = onError
    this.#timeoutMs = timeoutMs
    this.#given = given
    this.#shown = visible
    this.#targetShowsSource = chainOf(copy.target).includes(file)
  }

  override get children(): ReadonlyMap<ChildRole, BlockNode> {
    return new Map<ChildRole, BlockNode>([
      ['file', this.below],
      ['target', this.#target],
    ])
  }

  override setChild(role: ChildRole, child: BlockNode | undefined): void {
    if (role === 'file') super.setChild(role, child)
  }

  /** Also where that is options in JSON. */
  override get filename(): string {
    return this.below.filename
  }

  /** Which of its images they would be in nobody can tell. */
  override get snapshots(): undefined {
    return undefined
  }

  override fullOptions(): NestedOptions {
    const { name, below } = this
    return {
      driver: name,
      ...this.#given,
      file: below.driver.fullOptions(),
      target: this.#target.driver.fullOptions(),
    }
  }

  /** Makes the bitmaps that say what readers of the earlier state see, and where. */
  joined(node: BlockNode): void {
    this.#isUsed = () => [...node.links.users].some(({ owner }) => owner.kind !== 'keeper')
    const { clusterSize } = this.copy
    const visible = this.#shown
    this.#done = node.bitmaps.insert({ granularity: clusterSize, recording: false })
    this.#visible = node.bitmaps.insert({ granularity: visible?.granularity ?? clusterSize, recording: false })
    if (visible === undefined) this.#visible.mark(0, node.length)
    else this.#visible.take(visible)
  }

  override write(offset: number, bytes: Uint8Array, options?: WriteOptions): Promise<void> {
    return this.#before(offset, bytes.byteLength, () => super.write(offset, bytes, options))
  }

  override writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    return this.#before(offset, length, () => super.writeZeroes(offset, length, options))
  }

  override discard(offset: number, length: number, options?: RequestOptions): Promise<void> {
    return this.#before(offset, length, () => super.discard(offset, length, options))
  }

  /**
   * Reads what the image held when the filter came.
   *
   * @throws {BlockError} kind `read-only`, where nobody may see that, or where it is lost
   */
  async readEarlier(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    for (let at = 0; at < target.byteLength; ) {
      const part = await this.#earlier(offset + at, target.byteLength - at, async (node, length) => {
        await node.readInto(offset + at, target.subarray(at, at + length), options)
        return length
      })
      at += part
    }
  }

  /** What is known of a range of what the image held then. @throws {BlockError} as `readEarlier()` */
  statusEarlier(offset: number, length: number): Promise<BlockStatus> {
    return this.#earlier(offset, length, async (node, part) => ({ ...(await node.status(offset, part)) }))
  }

  /** Nobody needs a range of what the image held then. */
  forgetEarlier(offset: number, length: number): void {
    const { clusterSize, left } = this.copy
    const begin = Math.ceil(offset / clusterSize) * clusterSize
    const end = Math.floor((offset + length) / clusterSize) * clusterSize
    this.#visible?.unmark(begin, end - begin)
    left.unmark(begin, end - begin)
  }

  childAccess(role: ChildRole, access: Access): Access {
    // The image may lie behind the target: writes to it are to be possible.
    if (role === 'target') return this.#retired ? idle : { uses: ['write'], shares: ['read', 'write'] }
    if (this.#retired || !this.#placed || !this.#isUsed()) return access
    const shares = access.shares.filter((permission) => permission === 'read')
    const reads = access.uses.includes('write') && !access.uses.includes('read')
    return { uses: reads ? ['read', ...access.uses] : access.uses, shares }
  }

  /** Nobody but those above it writes the image from now on. */
  place(): void {
    this.#placed = true
  }

  retire(): void {
    this.#retired = true
  }

  override async close(): Promise<void> {
    this.copy.end()
  }

  async #before(offset: number, length: number, write: () => Promise<void>): Promise<void> {
    if (this.#retired || this.#broken !== undefined) return write()
    const { clusterSize } = this.copy
    const begin = Math.floor(offset / clusterSize) * clusterSize
    const end = Math.min(Math.ceil((offset + length) / clusterSize) * clusterSize, this.length)
    try {
      await inTime(this.copy.copy(begin, end - begin), this.#timeoutMs)
      if (this.#targetShowsSource) await this.#target.drained(async () => undefined)
      this.#done?.mark(begin, end - begin)
    } catch (failure) {
      const cause = failure instanceof CopyFailure ? failure.cause : failure
      if (this.#onError === 'break-guest-write') throw cause
      this.#broken ??= cause
    }
    // Whoever reads there what was before has begun before that was known to be copied.
    await this.#ranges.alone(begin, end - begin, async () => undefined)
    await write()
  }

  async #earlier<T>(offset: number, length: number, run: (node: BlockNode, length: number) => Promise<T>): Promise<T> {
    const visible = this.#visible
    const done = this.#done
    const shown = visible?.nextDirty(offset)
    if (this.#broken !== undefined || visible === undefined || shown === undefined || shown.offset > offset) {
      throw new BlockError('read-only', 'Permission denied', { code: 'EACCES' })
    }
    const seen = Math.min(length, shown.length)
    const copied = done?.nextDirty(offset)
    if (copied !== undefined && copied.offset <= offset) return run(this.#target, Math.min(seen, copied.length))
    const part = copied === undefined ? seen : Math.min(seen, copied.offset - offset)
    return this.#ranges.together(offset, part, () => run(this.below, part))
  }
}

/** @throws {BlockError} with the code ETIMEDOUT, if it takes longer */
async function inTime(work: Promise<void>, milliseconds: number): Promise<void> {
  if (milliseconds === 0) return work
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const error = new BlockError('io', 'Connection timed out', { code: 'ETIMEDOUT' })
    timer = setTimeout(() => reject(error), milliseconds)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
