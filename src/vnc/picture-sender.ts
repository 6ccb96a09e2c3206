import { type Area, DirtyTiles, type ScreenChange, type SharedScreen, type Viewer } from '../display/index.ts'
import {
  copyRectangle,
  desktopSize,
  Encoding,
  extendedDesktopSize,
  type PixelFormat,
  preferredEncoding,
  printRectangleHeader,
  printTail,
  rawEncoding,
  updateHeader,
  usualFormat,
} from '../rfb/index.ts'
import type { PictureEncoder, PictureWish } from './picture-encoder.ts'

const usualCompression = 3

export interface PictureSenderOptions {
  readonly screen: SharedScreen
  readonly encoder: PictureEncoder
  /** Takes what is to be sent; false if no more should come until `drained()`. */
  readonly write: (bytes: Uint8Array) => boolean
  /** Told when a picture cannot be sent. */
  readonly failed: (error: unknown) => void
}

/**
 * Sends one client what has changed, when it asks and the last picture has left: a slow client gets fewer pictures, and
 * each of them is new.
 */
export class PictureSender implements Viewer {
  readonly #options: PictureSenderOptions
  readonly #dirty = new DirtyTiles()
  readonly #detach: () => void
  /** Streams of compressed bytes that have begun. */
  readonly #begun = new Set<number>()
  #size: { readonly width: number; readonly height: number }
  #wish: PictureWish = { encoding: rawEncoding, format: usualFormat, compression: usualCompression }
  #known: ReadonlySet<number> = new Set()
  /** The client has asked for a picture; it asks for all of them. */
  #asked = false
  #continuous = false
  #sizeAsked = false
  /** It wants to see the screen as it is now: perhaps nobody has looked for long. */
  #stale = false
  #state: 'ready' | 'looking' | 'sending' | 'full' | 'ended' = 'ready'

  constructor(options: PictureSenderOptions) {
    this.#options = options
    const { width, height } = options.screen
    this.#size = { width, height }
    this.#dirty.resize(width, height)
    this.#detach = options.screen.attach(this)
  }

  /** What the client takes the picture for. */
  get size(): { readonly width: number; readonly height: number } {
    return this.#size
  }

  get waits(): boolean {
    return (this.#asked || this.#continuous) && this.#state === 'ready'
  }

  setFormat(format: PixelFormat): void {
    this.#wish = { ...this.#wish, format }
  }

  /** @param numbers - what the client understands, what it likes best first */
  setEncodings(numbers: readonly number[], compression: number | undefined): void {
    this.#known = new Set(numbers)
    this.#wish = {
      ...this.#wish,
      encoding: preferredEncoding(numbers),
      compression: compression ?? usualCompression,
    }
  }

  /** The client wants to know what has changed; or all there is, whether it has changed or not. */
  request(incremental: boolean, area: Area): void {
    if (incremental) {
      this.#asked = true
      this.#proceed()
      return
    }
    this.#dirty.mark(area)
    this.#sizeAsked = this.#known.has(Encoding.extendedDesktopSize)
    this.#asked = true
    this.#stale = true
    this.#proceed()
  }

  /** The client wants pictures without asking for each. */
  continue(enable: boolean): void {
    this.#continuous = enable
    if (enable) this.#proceed()
  }

  changed({ resized, areas, scroll }: ScreenChange): void {
    if (this.#state === 'ended') return
    const { width, height } = this.#options.screen
    if (resized) this.#dirty.resize(width, height)
    else if (scroll !== undefined && this.waits && this.#dirty.empty && this.#canScroll(scroll.area)) {
      for (const area of scroll.rest) this.#dirty.mark(area)
      void this.#send(copyRectangle(scroll.area, scroll.from))
      return
    } else for (const area of areas) this.#dirty.mark(area)
    this.#proceed()
  }

  /** What was written has left. */
  drained(): void {
    if (this.#state !== 'full') return
    this.#state = 'ready'
    this.#proceed()
  }

  end(): void {
    this.#state = 'ended'
    this.#detach()
  }

  get #resized(): boolean {
    const { width, height } = this.#options.screen
    return width !== this.#size.width || height !== this.#size.height
  }

  #canScroll({ width, height, y }: Area): boolean {
    return (
      this.#known.has(Encoding.copyRect) &&
      !this.#resized &&
      width <= this.#size.width &&
      y + height <= this.#size.height
    )
  }

  #proceed(): void {
    if (!this.waits) return
    if (this.#stale) {
      void this.#refresh()
      return
    }
    const understandsSize = this.#known.has(Encoding.desktopSize) || this.#known.has(Encoding.extendedDesktopSize)
    if (this.#sizeAsked || (this.#resized && understandsSize)) this.#sendSize()
    else if (!this.#dirty.empty) void this.#send()
    else this.#options.screen.wake()
  }

  async #refresh(): Promise<void> {
    this.#stale = false
    this.#state = 'looking'
    await this.#options.screen.refresh()
    if (this.#state !== 'looking') return
    this.#state = 'ready'
    this.#proceed()
  }

  /** Alone: what comes in one update with a size is lost to some clients. */
  #sendSize(): void {
    const { width, height } = this.#options.screen
    const resized = this.#resized
    this.#size = { width, height }
    this.#sizeAsked = false
    // A client that only wanted to be told gets the picture as well.
    if (resized) this.#asked = false
    const rectangle = this.#known.has(Encoding.extendedDesktopSize)
      ? extendedDesktopSize(this.#size)
      : desktopSize(this.#size)
    this.#write([updateHeader(1), rectangle])
    this.#proceed()
  }

  async #send(copy?: Uint8Array): Promise<void> {
    const { encoder, failed, screen } = this.#options
    const wish = this.#wish
    const areas = this.#dirty
      .take()
      .flatMap((area) => this.#inside(area))
      .flatMap((area) => wish.encoding.areas(area))
    if (areas.length === 0 && copy === undefined) {
      screen.wake() // what has changed is where the client has no place for it
      return
    }
    this.#asked = false
    this.#state = 'sending'
    try {
      const encoded = await Promise.all(areas.map((area) => encoder.encode(area, wish)))
      if (this.#ended) return
      this.#state = 'ready'
      const parts = [updateHeader(areas.length + (copy === undefined ? 0 : 1)), ...(copy === undefined ? [] : [copy])]
      for (const [index, { head, tail, blocks }] of encoded.entries()) {
        parts.push(printRectangleHeader(areas[index]!, wish.encoding.number), head)
        if (tail === undefined || blocks === undefined) continue
        parts.push(printTail(tail, blocks, !this.#begun.has(tail.stream)))
        this.#begun.add(tail.stream)
      }
      this.#write(parts)
      this.#proceed()
    } catch (error) {
      failed(error)
    }
  }

  get #ended(): boolean {
    return this.#state === 'ended'
  }

  /** What of an area the client has a place for. */
  #inside({ x, y, width, height }: Area): Area[] {
    const [across, down] = [Math.min(width, this.#size.width - x), Math.min(height, this.#size.height - y)]
    return across > 0 && down > 0 ? [{ x, y, width: across, height: down }] : []
  }

  #write(parts: readonly Uint8Array[]): void {
    if (!this.#options.write(Buffer.concat(parts))) this.#state = 'full'
  }
}
