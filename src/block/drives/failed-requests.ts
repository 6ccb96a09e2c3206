import type { EmitOf } from '../../qapi/index.ts'
import { BlockError } from '../block-error.ts'
import type { ReadErrorPolicy, WriteErrorPolicy } from './drive-config.ts'
import type { blockEvents } from './events.ts'
import type { Operation } from './statistics.ts'

/** Whether the guest stands still because of a drive, and why. */
export type IoStatus = 'ok' | 'failed' | 'nospace'

/** What becomes of a request that has failed: the guest hears of it, hears that all is well, or it is tried again. */
export type Verdict = 'report' | 'ignore' | 'again'

/** Of whose requests they are, at the moment. */
export interface FailingDrive {
  readonly id: string
  /** The image; undefined if it is gone. */
  readonly nodeName: string | undefined
  /** Undefined for a device that always tells its guest, and nobody else. */
  readonly policies: { readonly onReadError: ReadErrorPolicy; readonly onWriteError: WriteErrorPolicy } | undefined
}

export interface FailedRequestsOptions {
  readonly drive: () => FailingDrive
  readonly emit: EmitOf<typeof blockEvents>
  /** Stops the guest, in the run state `io-error`. */
  readonly stopGuest: () => void
}

/**
 * What becomes of a guest's requests that fail, as `rerror` and `werror` say. Those that stop the guest wait until it
 * goes on, and are then made again: it never hears that they have failed.
 */
export class FailedRequests {
  readonly #options: FailedRequestsOptions
  readonly #waiting: ((verdict: Verdict) => void)[] = []
  #status: IoStatus = 'ok'

  constructor(options: FailedRequestsOptions) {
    this.#options = options
  }

  /** Why the guest was stopped first; undefined if no failure would stop it. */
  get status(): IoStatus | undefined {
    const { policies } = this.#options.drive()
    if (policies === undefined) return undefined
    const { onReadError, onWriteError } = policies
    const stops = onReadError === 'stop' || onWriteError === 'stop' || onWriteError === 'enospc'
    return stops ? this.#status : undefined
  }

  /** Whether requests wait for the guest to go on. */
  get waiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Decides, and tells those who watch. Settles at once, or when the guest goes on. */
  async judge(operation: Operation, error: unknown): Promise<Verdict> {
    const { emit, stopGuest } = this.#options
    const { id, nodeName, policies } = this.#options.drive()
    if (policies === undefined) return 'report'
    const full = error instanceof BlockError && error.kind === 'no-space'
    const policy = operation === 'read' ? policies.onReadError : policies.onWriteError
    const action = policy === 'enospc' ? (full ? 'stop' : 'report') : policy
    if (action === 'stop' && this.#status === 'ok') this.#status = full ? 'nospace' : 'failed'
    emit('BLOCK_IO_ERROR', {
      device: id,
      ...(nodeName !== undefined && { 'node-name': nodeName }),
      operation: operation === 'read' ? 'read' : 'write',
      action,
      ...(this.status !== undefined && { nospace: full }),
      reason: error instanceof Error ? error.message : String(error),
    })
    if (action !== 'stop') return action
    stopGuest()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** The guest goes on: what has failed is tried again. */
  retry(): void {
    this.#status = 'ok'
    this.#settle('again')
  }

  /** The guest that wanted it is gone, or the image is: what waits has failed. */
  giveUp(): void {
    this.#settle('report')
  }

  #settle(verdict: Verdict): void {
    for (const settle of this.#waiting.splice(0)) settle(verdict)
  }
}
