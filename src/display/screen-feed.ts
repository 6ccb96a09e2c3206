import { pause } from '../async/index.ts'
import type { Console, PictureChanges } from './console.ts'

/** How long to wait before the next look, in milliseconds: at first, and at most, when nothing changes. */
const interval = { first: 30, last: 250, growth: 1.5 } as const

export interface ScreenFeedOptions {
  readonly console: Pick<Console, 'changes'>
  /** Lets time pass; a test's own. */
  readonly wait?: (milliseconds: number, signal?: AbortSignal) => Promise<void>
}

/**
 * What one viewer has to be told to see a console: the whole picture first, and then what changes, as rectangles.
 *
 * The viewer asks for each change when it has dealt with the last, so that a slow one costs nobody anything: what happens
 * in between is told together. Nothing is drawn while nobody asks.
 */
export class ScreenFeed {
  readonly #console: Pick<Console, 'changes'>
  readonly #wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  #since = 0
  #pause: number = interval.first

  constructor({ console, wait = pause }: ScreenFeedOptions) {
    this.#console = console
    this.#wait = wait
  }

  /** The next change to be told is the whole picture. */
  forget(): void {
    this.#since = 0
  }

  /** What has changed since the last call, now: perhaps nothing. */
  async look(): Promise<PictureChanges> {
    const changes = await this.#console.changes(this.#since)
    this.#since = changes.serial
    return changes
  }

  /**
   * Waits until something has changed.
   *
   * @throws the reason of `signal`, if it fires first
   */
  async next({ signal }: { readonly signal?: AbortSignal } = {}): Promise<PictureChanges> {
    for (;;) {
      signal?.throwIfAborted()
      const changes = await this.look()
      if (changes.rectangles.length > 0) {
        this.#pause = interval.first
        return changes
      }
      await this.#wait(this.#pause, signal)
      this.#pause = Math.min(this.#pause * interval.growth, interval.last)
    }
  }
}
