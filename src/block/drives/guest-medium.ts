import { BlockError } from '../block-error.ts'
import type { BlockNode } from '../node.ts'
import { type GateLimits, RequestGate } from './request-gate.ts'
import type { DriveStatistics, Operation } from './statistics.ts'

export interface GuestMediumOptions {
  readonly statistics: DriveStatistics
  /** Whether a write is complete when the host has it; if not, it is when it is on stable storage. */
  readonly writeback: boolean
  readonly limits?: GateLimits
}

/** A controller of the PC has few requests at once; this holds even for one gone mad. */
const defaultLimits: GateLimits = { requests: 32, bytes: 32 * 2 ** 20 }

/**
 * A node as the guest's controller sees it (the board's `Medium`): every request is checked against the image, counted,
 * and held back while too many run.
 */
export class GuestMedium {
  readonly #node: BlockNode
  readonly #statistics: DriveStatistics
  readonly #writeback: boolean
  readonly #gate: RequestGate

  constructor(node: BlockNode, { statistics, writeback, limits = defaultLimits }: GuestMediumOptions) {
    this.#node = node
    this.#statistics = statistics
    this.#writeback = writeback
    this.#gate = new RequestGate(limits)
  }

  get byteLength(): number {
    return this.#node.length
  }

  get readOnly(): boolean {
    return this.#node.readOnly
  }

  /** The bytes are the caller's: their memory is not shared with anything. @throws {BlockError} */
  read(offset: number, length: number): Promise<Uint8Array> {
    if (!(length >= 0 && offset >= 0 && offset + length <= this.byteLength))
      return Promise.reject(outside(offset, length))
    return this.#run('read', length, () => this.#node.read(offset, length))
  }

  /** @throws {BlockError} */
  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#run('write', bytes.byteLength, () =>
      this.#writeback ? this.#node.write(offset, bytes) : this.#writeThrough(offset, bytes),
    )
  }

  /** Settles when everything whose write has settled before is on stable storage. @throws {BlockError} */
  flush(): Promise<void> {
    return this.#run('flush', 0, () => this.#node.flush())
  }

  async #writeThrough(offset: number, bytes: Uint8Array): Promise<void> {
    await this.#node.write(offset, bytes)
    await this.#node.flush()
  }

  async #run<T>(operation: Operation, bytes: number, run: () => Promise<T>): Promise<T> {
    const startedAt = performance.now()
    const wait = this.#gate.enter(bytes)
    if (wait !== undefined) await wait
    try {
      const result = await run()
      this.#statistics.done(operation, bytes, startedAt)
      return result
    } catch (error) {
      this.#statistics.failed(operation, startedAt)
      throw error
    } finally {
      this.#gate.leave(bytes)
    }
  }
}

/** Refused before memory is taken for the answer: the guest chooses the length. */
function outside(offset: number, length: number): BlockError {
  return new BlockError('range', `Request of ${length} bytes at ${offset} is outside of the medium`, { offset, length })
}
