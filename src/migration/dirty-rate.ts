import { pause } from '../async/index.ts'
import { QmpError } from '../qapi/index.ts'
import { pageBytes } from './stream/ram-section.ts'

const mebibyte = 1 << 20
const pagesPerGibibyte = (1 << 30) / pageBytes
/** Memory that is smaller is not looked at where pages are drawn, as in QEMU. */
const leastBytes = 128 * mebibyte
/** Pages that are looked at in one go: a millisecond. */
const pagesAtOnce = 1024

export const dirtyRateModes = ['page-sampling', 'dirty-ring', 'dirty-bitmap'] as const
export type DirtyRateMode = (typeof dirtyRateModes)[number]
export const dirtyRateStatuses = ['unstarted', 'measuring', 'measured'] as const

/** What the last measurement has found; QAPI's DirtyRateInfo. */
export interface DirtyRateInfo {
  readonly status: (typeof dirtyRateStatuses)[number]
  /** In seconds of the host's clock that counts from when it was started. */
  readonly startTime: number
  /** In seconds. */
  readonly calcTime: number
  /** To each GiB; 0 where all pages are looked at. */
  readonly samplePages: number
  readonly mode: DirtyRateMode
  /** MiB a second; undefined until it has been measured. */
  readonly rate?: number
}

export interface DirtyRateRequest {
  readonly seconds: number
  readonly samplePages?: number
  readonly mode?: DirtyRateMode
}

/** What a measurement asks of the board. */
interface MeasuredBoard {
  readonly ramBytes: number
  pageChecksums(addresses: Uint32Array): Promise<Uint32Array>
}

/**
 * Measures how much of RAM the guest changes: pages that are drawn by lot (mode `page-sampling`), or all of them
 * (`dirty-bitmap`), are compared with themselves after some seconds. A page that has been written with what it held is not
 * counted.
 */
export class DirtyRate {
  readonly #board: MeasuredBoard
  readonly #signal: AbortSignal
  readonly #random: () => number
  #info: DirtyRateInfo = { status: 'unstarted', startTime: 0, calcTime: 0, samplePages: 0, mode: 'page-sampling' }

  /** @param signal - fires when the machine ends: a measurement ends then, too */
  constructor(board: MeasuredBoard, signal: AbortSignal, random: () => number = Math.random) {
    this.#board = board
    this.#signal = signal
    this.#random = random
  }

  get info(): DirtyRateInfo {
    return this.#info
  }

  /**
   * Begins to measure; `info` tells the rate when the time is over.
   *
   * @throws {QmpError} GenericError, if it is being measured already, a value is out of its range, or there is no such mode
   * @returns settles when it has been measured
   */
  measure({ seconds, samplePages, mode = 'page-sampling' }: DirtyRateRequest): { readonly done: Promise<void> } {
    if (this.#info.status === 'measuring') throw refused('the dirty rate is already being measured.')
    if (!(seconds >= 1 && seconds <= 60)) throw refused('calc-time is out of range[1, 60].')
    if (samplePages !== undefined && mode === 'dirty-ring')
      throw refused('either sample-pages or dirty-ring can be specified.')
    if (samplePages !== undefined && !(samplePages >= 128 && samplePages <= 16384))
      throw refused('sample-pages is out of range[128, 16384].')
    if (mode === 'dirty-ring') throw refused(`mode ${mode} is not enabled, use other method instead.`)
    const perGibibyte = mode === 'page-sampling' ? (samplePages ?? 512) : 0
    const startTime = Number(process.hrtime.bigint() / 1_000_000_000n)
    const info = { startTime, calcTime: seconds, samplePages: perGibibyte, mode }
    this.#info = { status: 'measuring', ...info }
    const done = this.#changedShare(this.#pages(perGibibyte), seconds * 1000).then(
      (mebibytesPerSecond) => {
        this.#info = { status: 'measured', ...info, rate: Math.floor(mebibytesPerSecond) }
      },
      () => {
        this.#info = { status: 'unstarted', ...info } // the board is gone, or the machine ends
      },
    )
    return { done }
  }

  /** Which pages are looked at. @param perGibibyte how many are drawn, or 0 for all of them */
  #pages(perGibibyte: number): Uint32Array {
    const count = this.#board.ramBytes / pageBytes
    if (perGibibyte === 0) return Uint32Array.from({ length: count }, (_, index) => index * pageBytes)
    if (this.#board.ramBytes < leastBytes) return new Uint32Array(0)
    const drawn = Math.floor((count * perGibibyte) / pagesPerGibibyte)
    return Uint32Array.from({ length: drawn }, () => Math.floor(this.#random() * count) * pageBytes)
  }

  /** MiB a second that are changed, as the pages tell. */
  async #changedShare(pages: Uint32Array, milliseconds: number): Promise<number> {
    const start = performance.now()
    const before = await this.#checksums(pages)
    await pause(Math.max(milliseconds - (performance.now() - start), 0), this.#signal)
    const after = await this.#checksums(pages)
    if (pages.length === 0) return 0
    const changed = before.reduce((sum, checksum, index) => sum + Number(checksum !== after[index]), 0)
    const seconds = (performance.now() - start) / 1000
    return ((changed / pages.length) * (this.#board.ramBytes / mebibyte)) / seconds
  }

  async #checksums(pages: Uint32Array): Promise<Uint32Array> {
    const found = new Uint32Array(pages.length)
    for (let at = 0; at < pages.length; at += pagesAtOnce) {
      this.#signal.throwIfAborted()
      found.set(await this.#board.pageChecksums(pages.subarray(at, at + pagesAtOnce)), at)
    }
    return found
  }
}

function refused(text: string): QmpError {
  return new QmpError('GenericError', text)
}
