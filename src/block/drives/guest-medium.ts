import { BlockError } from '../block-error.ts'
import { InFlight } from '../graph/in-flight.ts'
import type { BlockNode } from '../graph/node.ts'
import type { ThrottleMember } from '../throttling/throttle-group.ts'
import type { Verdict } from './failed-requests.ts'
import { type GateLimits, RequestGate } from './request-gate.ts'
import type { DriveStatistics, Operation } from './statistics.ts'

export interface GuestMediumOptions {
  readonly statistics: DriveStatistics
  /** Whether a write is now complete when the host has it; if not, it is when it is on stable storage. */
  readonly writeback: () => boolean
  /** The limits that hold at the moment. */
  readonly throttle?: () => ThrottleMember | undefined
  /** What becomes of a request that has failed; by default its caller hears of it. */
  readonly failed?: (operation: Operation, error: unknown) => Promise<Verdict>
  readonly limits?: GateLimits
}

/** A controller of the PC has few requests at once; this holds even for one gone mad. */
const defaultLimits: GateLimits = { requests: 32, bytes: 32 * 2 ** 20 }

/**
 * A node as the guest's controller sees it (the board's `Medium`): every request is checked against the image, counted,
 * and held back while too many run, while limits say so, or while another node takes the place of this one.
 */
export class GuestMedium {
  #node: BlockNode
  #gone = false
  readonly #statistics: DriveStatistics
  readonly #writeback: () => boolean
  readonly #throttle: () => ThrottleMember | undefined
  readonly #failed: NonNullable<GuestMediumOptions['failed']>
  readonly #gate: RequestGate
  readonly #inFlight = new InFlight()

  constructor(
    node: BlockNode,
    {
      statistics,
      writeback,
      throttle = () => undefined,
      failed = async () => 'report',
      limits = defaultLimits,
    }: GuestMediumOptions,
  ) {
    this.#node = node
    this.#statistics = statistics
    this.#writeback = writeback
    this.#throttle = throttle
    this.#failed = failed
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
    return this.#run(
      'read',
      offset,
      length,
      (node) => node.read(offset, length),
      () => new Uint8Array(length),
    )
  }

  /** Reads for the controller itself, before the guest runs: nobody counts it. @throws {BlockError} */
  peek(offset: number, length: number): Promise<Uint8Array> {
    if (offset + length > this.byteLength) return Promise.reject(outside(offset, length))
    return this.#inFlight.run(() => this.#node.read(offset, length), undefined)
  }

  /** @throws {BlockError} */
  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#run(
      'write',
      offset,
      bytes.byteLength,
      async (node) => {
        await node.write(offset, bytes)
        if (!this.#writeback()) await node.flush()
      },
      () => undefined,
    )
  }

  /** Settles when everything whose write has settled before is on stable storage. @throws {BlockError} */
  flush(): Promise<void> {
    return this.#run(
      'flush',
      0,
      0,
      (node) => node.flush(),
      () => undefined,
    )
  }

  /** Says that the guest needs a range no more. @throws {BlockError} */
  discard(offset: number, length: number): Promise<void> {
    return this.#run(
      'unmap',
      offset,
      length,
      (node) => node.discard(offset, length),
      () => undefined,
    )
  }

  /** Makes a range read as zeros. @throws {BlockError} */
  writeZeroes(offset: number, length: number, options: { readonly unmap: boolean }): Promise<void> {
    return this.#run(
      'write',
      offset,
      length,
      async (node) => {
        await node.writeZeroes(offset, length, options)
        if (!this.#writeback()) await node.flush()
      },
      () => undefined,
    )
  }

  /** Runs a request that is not the guest's: it is not counted, and nobody else judges its failure. @throws {BlockError} */
  async direct<T>(operation: Operation, bytes: number, run: (node: BlockNode) => Promise<T>): Promise<T> {
    if (operation === 'read' || operation === 'write') await this.#throttle()?.enter(operation, bytes)
    return this.#inFlight.run(() => run(this.#node), undefined)
  }

  /** Runs `work` while no request runs and none starts: those that come meanwhile wait. */
  async drained<T>(work: () => Promise<T>): Promise<T> {
    const relax = this.#node.hurry()
    try {
      await this.#inFlight.drain()
      return await work()
    } finally {
      this.#inFlight.resume()
      relax()
    }
  }

  /** Lets another node take the place of this one; in a drained section. */
  switchTo(node: BlockNode): void {
    this.#node = node
  }

  /** The image is taken away under the guest: every request fails from here on. Waits for those that run. */
  withdraw(): Promise<void> {
    this.#gone = true
    return this.drained(async () => undefined)
  }

  /** @param ignored - what the caller gets if it is not to know that the request has failed */
  async #run<T>(
    operation: Operation,
    offset: number,
    bytes: number,
    run: (node: BlockNode) => Promise<T>,
    ignored: () => T,
  ): Promise<T> {
    if (!(bytes >= 0 && offset >= 0 && offset + bytes <= this.byteLength)) {
      this.#statistics.invalid(operation)
      throw outside(offset, bytes)
    }
    const startedAt = performance.now()
    for (;;) {
      if (this.#gone) throw new BlockError('empty', 'No medium found')
      try {
        const result = await this.#admitted(operation, bytes, run)
        this.#statistics.done(operation, bytes, startedAt)
        return result
      } catch (error) {
        const verdict = await this.#failed(operation, error)
        if (verdict === 'again') continue
        if (verdict === 'ignore') return ignored()
        this.#statistics.failed(operation, startedAt)
        throw error
      }
    }
  }

  async #admitted<T>(operation: Operation, length: number, run: (node: BlockNode) => Promise<T>): Promise<T> {
    const bytes = operation === 'unmap' ? 0 : length // it has no data
    const wait = this.#gate.enter(bytes)
    if (wait !== undefined) await wait
    try {
      if (operation === 'read' || operation === 'write') await this.#throttle()?.enter(operation, bytes)
      return await this.#inFlight.run(() => run(this.#node), undefined)
    } finally {
      this.#gate.leave(bytes)
    }
  }
}

/** Refused before memory is taken for the answer: the guest chooses the length. */
function outside(offset: number, length: number): BlockError {
  return new BlockError('range', `Request of ${length} bytes at ${offset} is outside of the medium`, { offset, length })
}
