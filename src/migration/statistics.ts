import { now as monotonic } from '../timers/index.ts'
import type { PageCache } from './page-cache.ts'
import { pageBytes } from './stream/ram-section.ts'

/** What a migration has done so far; bytes, pages, and milliseconds. */
export class MigrationStatistics {
  /** All memory that a guest can have in its address space. */
  readonly totalBytes: number
  readonly #now: () => number
  readonly #start: number
  #setupMs: number | undefined
  #stopped: number | undefined
  #downtimeMs: number | undefined
  #totalMs: number | undefined
  /** Of one that sends differences. */
  cache: PageCache | undefined
  /** Passes over RAM that have begun. */
  passes = 0
  zeroPages = 0
  normalPages = 0
  /** Bytes in the stream, before and after the guest was stopped for the last pass. */
  liveBytes = 0
  stoppedBytes = 0
  /** Bytes in the stream that are of disks. */
  diskBytes = 0
  /** Of one that sends disks: how much of them there is, and how much has been gone through. */
  disks: { readonly totalBytes: number; readonly passedBytes: number } | undefined
  /** Pages that still have to go, as far as is known. */
  remainingPages: number
  /** Pages that the guest changes in a second. */
  dirtyRate = 0
  /** Percentage of its time that the guest stands still, so that it does not change more than can go. */
  throttlePercentage = 0

  constructor(totalBytes: number, now: () => number = monotonic) {
    this.totalBytes = totalBytes
    this.#now = now
    this.#start = now()
    this.remainingPages = totalBytes / pageBytes
  }

  get transferred(): number {
    return this.liveBytes + this.stoppedBytes
  }

  get setupMs(): number {
    return Math.round(this.#setupMs ?? this.#now() - this.#start)
  }

  get totalMs(): number {
    return Math.round(this.#totalMs ?? this.#now() - this.#start)
  }

  /** How long the guest has stood still; undefined as long as it has not. */
  get downtimeMs(): number | undefined {
    return this.#downtimeMs === undefined ? undefined : Math.round(this.#downtimeMs)
  }

  /** Bytes a second that have gone out on average. */
  get bandwidth(): number {
    const ms = (this.#totalMs ?? this.#now() - this.#start) - (this.#setupMs ?? 0)
    return ms <= 0 ? 0 : ((this.transferred + this.diskBytes) * 1000) / ms
  }

  sent(bytes: number): void {
    if (this.#stopped === undefined) this.liveBytes += bytes
    else this.stoppedBytes += bytes
  }

  /** So many pages need not go any more. */
  dealtWith(pages: number): void {
    this.remainingPages = Math.max(0, this.remainingPages - pages)
  }

  setUp(): void {
    this.#setupMs = this.#now() - this.#start
  }

  stopped(): void {
    this.#stopped = this.#now()
  }

  /** The guest goes on where it was. */
  resumed(): void {
    this.#stopped = undefined
  }

  completed(): void {
    this.#downtimeMs = this.#now() - (this.#stopped ?? this.#now())
    this.#totalMs = this.#now() - this.#start
    this.remainingPages = 0
  }
}
