import { nextTurn } from '../../../timers/index.ts'
import type { DriveSlot, GuestTrayMove } from '../../drive-config.ts'
import type { DiskRequest, ToHost, ToWorker } from '../wire.ts'
import type { BlockPort } from './remote-disk.ts'

type Tell = (message: ToHost, transfer?: ArrayBuffer[]) => void

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** What the worker has asked the host and has no answer to yet: blocks of disks, and whether a tray may move. */
export class HostRequests implements BlockPort {
  readonly #waiting = new Map<number, Waiting>()
  readonly #tell: Tell
  #next = 1

  constructor(tell: Tell) {
    this.#tell = tell
  }

  read(medium: number, offset: number, length: number): Promise<Uint8Array> {
    return this.#disk({ type: 'disk', id: this.#next++, medium, operation: 'read', offset, length })
  }

  peek(medium: number, offset: number, length: number): Promise<Uint8Array> {
    return this.#disk({ type: 'disk', id: this.#next++, medium, operation: 'peek', offset, length })
  }

  async write(medium: number, offset: number, data: Uint8Array): Promise<void> {
    await this.#disk({ type: 'disk', id: this.#next++, medium, operation: 'write', offset, data })
  }

  async flush(medium: number): Promise<void> {
    await this.#disk({ type: 'disk', id: this.#next++, medium, operation: 'flush' })
  }

  async discard(medium: number, offset: number, length: number): Promise<void> {
    await this.#disk({ type: 'disk', id: this.#next++, medium, operation: 'discard', offset, length })
  }

  /** Asks whether the tray of a drive may move; what follows from it is shown before the answer comes. */
  moveTray(slot: DriveSlot, move: GuestTrayMove): Promise<boolean> {
    const id = this.#next++
    const answer = this.#answer<boolean>(id)
    this.#tell({ type: 'tray', id, slot, move })
    return answer
  }

  /** Settles when nothing is asked for any more, and whoever asked has had the time to act on it. */
  async idle(): Promise<void> {
    while (this.#waiting.size > 0) await nextTurn()
  }

  /** Takes the host's answer. */
  settle(message: Extract<ToWorker, { type: 'disk' | 'tray' }>): void {
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.type === 'tray') waiting?.resolve(message.allowed)
    else if (message.error === undefined) waiting?.resolve(message.data ?? new Uint8Array(0))
    else waiting?.reject(new Error(message.error))
  }

  #disk(request: DiskRequest): Promise<Uint8Array> {
    const answer = this.#answer<Uint8Array>(request.id)
    this.#tell(request, request.operation === 'write' ? [request.data.buffer as ArrayBuffer] : [])
    return answer
  }

  #answer<T>(id: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
    })
  }
}
