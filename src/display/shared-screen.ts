import { clearTimeout, setTimeout } from '../timers/index.ts'
import type { Area } from './area.ts'
import type { Console, PictureChanges } from './console.ts'
import { RowHashes, type Scroll, scrollOf } from './scroll.ts'

/** How long to wait before the next look, in milliseconds: at first, and at most, when nothing changes. */
const interval = { first: 16, last: 100, growth: 1.4 } as const
/** For how long the console may wait for a change, in milliseconds: as long as nobody has to be asked, nothing is woken. */
const patience = 1000
/** What is shown where there is no screen. */
const blank = { width: 640, height: 480 } as const

/** Who looks at a screen. */
export interface Viewer {
  /** Whether it waits for something to change. */
  readonly waits: boolean
  /** The picture has changed, and is what the screen holds now. */
  changed(change: ScreenChange): void
}

export interface ScreenChange {
  /** It has another size: all of it is new. */
  readonly resized: boolean
  /** Where it has changed. */
  readonly areas: readonly Area[]
  /** A part of it is what stood somewhere else before; `areas` tell what has changed without that. */
  readonly scroll?: Scroll
}

/**
 * A screen as all its viewers see it: looked at once for all of them, and only while one of them waits for something new.
 * Looks become rarer while nothing changes, and frequent again when somebody types.
 */
export class SharedScreen {
  width: number = blank.width
  height: number = blank.height
  /** Another number for each picture. */
  revision = 1
  /** 0xRRGGBB, in rows from the top. */
  #colours: Uint32Array = new Uint32Array(blank.width * blank.height)
  /** Of the picture before: the next one goes there. */
  #spare: Uint32Array = new Uint32Array(0)
  #hashes: RowHashes | undefined
  readonly #console: Pick<Console, 'changes'> | undefined
  readonly #failed: (error: unknown) => void
  readonly #viewers = new Set<Viewer>()
  #serial = 0
  #pause: number = interval.first
  #state: 'idle' | 'looking' | 'pausing' = 'idle'
  #timer: NodeJS.Timeout | undefined
  #lookedAt = 0
  #refreshing: Promise<void> | undefined

  /**
   * @param console - undefined for a machine without a screen: what is shown is black
   * @param failed - told when the board cannot be looked at
   */
  constructor(console: Pick<Console, 'changes'> | undefined, failed: (error: unknown) => void = () => undefined) {
    this.#console = console
    this.#failed = failed
  }

  /** Looks at once, for somebody who is to see the picture as it is now. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#look().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** The result ends it. */
  attach(viewer: Viewer): () => void {
    this.#viewers.add(viewer)
    return () => this.#detach(viewer)
  }

  /** A viewer begins to wait. */
  wake(): void {
    if (this.#state === 'idle') this.#schedule()
  }

  /** Somebody has typed, or moved the mouse: something is likely to change soon. */
  hurry(): void {
    this.#pause = interval.first
    if (this.#state !== 'pausing') return
    clearTimeout(this.#timer)
    this.#schedule()
  }

  /** A part of the picture. */
  cut({ x, y, width, height }: Area): Uint32Array {
    const part = new Uint32Array(width * height)
    for (let row = 0; row < height; row++) {
      const from = (y + row) * this.width + x
      part.set(this.#colours.subarray(from, from + width), row * width)
    }
    return part
  }

  #detach(viewer: Viewer): void {
    this.#viewers.delete(viewer)
    if (this.#viewers.size > 0 || this.#state !== 'pausing') return
    clearTimeout(this.#timer)
    this.#state = 'idle'
  }

  get #awaited(): boolean {
    for (const { waits } of this.#viewers) if (waits) return true
    return false
  }

  #schedule(): void {
    this.#state = 'pausing'
    const since = performance.now() - this.#lookedAt
    this.#timer = setTimeout(() => void this.#next(), Math.max(0, this.#pause - since))
  }

  async #next(): Promise<void> {
    if (!this.#awaited) {
      this.#state = 'idle'
      return
    }
    this.#state = 'looking'
    await this.#look(patience)
    this.#schedule()
  }

  async #look(wait = 0): Promise<void> {
    const begin = performance.now()
    try {
      const changes = await this.#console?.changes(this.#serial, wait)
      // Perhaps somebody else has asked meanwhile, and has been told.
      const known = changes === undefined || changes.rectangles.length === 0 || this.#knows(changes)
      this.#lookedAt = known ? begin : performance.now()
      if (known) {
        this.#pause = Math.min(this.#pause * interval.growth, interval.last)
        return
      }
      this.#pause = interval.first
      const change = this.#apply(changes)
      for (const viewer of this.#viewers) viewer.changed(change)
    } catch (error) {
      this.#lookedAt = performance.now()
      this.#pause = interval.last
      if (this.#viewers.size > 0) this.#failed(error)
    }
  }

  #knows({ serial, whole }: PictureChanges): boolean {
    return !whole && serial === this.#serial
  }

  #apply({ serial, width, height, whole, rectangles }: PictureChanges): ScreenChange {
    this.#serial = serial
    const resized = width !== this.width || height !== this.height
    const before = resized || whole ? undefined : this.#colours
    const now = this.#spare.length === width * height ? this.#spare : new Uint32Array(width * height)
    if (before !== undefined) now.set(before)
    for (const { x, y, width: across, height: down, rgb } of rectangles) {
      for (let row = 0, from = 0; row < down; row++) {
        for (let at = (y + row) * width + x, end = at + across; at < end; at++, from += 3)
          now[at] = (rgb[from]! << 16) | (rgb[from + 1]! << 8) | rgb[from + 2]!
      }
    }
    this.width = width
    this.height = height
    this.#spare = this.#colours
    this.#colours = now
    this.revision++
    const areas = rectangles.map(({ x, y, width: across, height: down }) => ({ x, y, width: across, height: down }))
    const hashes = new RowHashes(
      { colours: now, width, height },
      areas,
      before === undefined ? undefined : this.#hashes,
    )
    const scroll = before && this.#hashes && scrollOf({ before, now, width, areas, old: this.#hashes, fresh: hashes })
    this.#hashes = hashes
    return { resized, areas, ...(scroll !== undefined && { scroll }) }
  }
}
