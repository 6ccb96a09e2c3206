import { DirtyTiles, type ScreenChange, type SharedScreen, type Viewer } from '../display/index.ts'
import {
  copyBits,
  drawCopy,
  invalidPalettes,
  type Message,
  mark,
  monitorsConfig,
  type OutMessage,
  readDisplay,
  setAck,
  surfaceCreate,
  surfaceDestroy,
} from '../spice/index.ts'
import type { Channel, ChannelLine } from './channel.ts'

/** After so many messages the client tells that they have come; twice as many may be on their way. */
const window = 20

/**
 * Shows one client the screen: what has changed, when the last picture has arrived. A slow client gets fewer pictures,
 * and each of them is new.
 */
export class DisplayChannel implements Channel, Viewer {
  readonly #screen: SharedScreen
  readonly #line: ChannelLine
  readonly #compressed: boolean
  readonly #dirty = new DirtyTiles()
  #detach: (() => void) | undefined
  /** Messages that the client has not told to have come. */
  #underway = 0
  #images = 0
  #state: 'waiting' | 'ready' | 'full' | 'ended' = 'waiting'
  #sized = false

  /** @param compressed - pictures are sent in fewer bytes */
  constructor(screen: SharedScreen, line: ChannelLine, compressed: boolean) {
    this.#screen = screen
    this.#line = line
    this.#compressed = compressed
  }

  get waits(): boolean {
    return this.#state === 'ready' && this.#underway < 2 * window
  }

  begin(): void {
    this.#line.send(setAck(1, window))
    this.#send(invalidPalettes())
  }

  take(message: Message): void {
    switch (readDisplay(message)?.type) {
      case 'init':
        if (this.#state === 'waiting' && this.#detach === undefined) this.#show()
        break
      case 'ack':
        this.#underway = Math.max(0, this.#underway - window)
        this.#proceed()
        break
      default:
    }
  }

  changed({ resized, areas, scroll }: ScreenChange): void {
    if (this.#state === 'ended') return
    if (resized) this.#resize()
    else if (scroll !== undefined && this.waits && this.#dirty.empty && this.#sized) {
      this.#send(copyBits(scroll.area, scroll.from))
      for (const area of scroll.rest) this.#dirty.mark(area)
    } else for (const area of areas) this.#dirty.mark(area)
    this.#proceed()
  }

  drained(): void {
    if (this.#state !== 'full') return
    this.#state = 'ready'
    this.#proceed()
  }

  end(): void {
    this.#state = 'ended'
    this.#detach?.()
  }

  #show(): void {
    this.#detach = this.#screen.attach(this)
    // Perhaps nobody has looked for long.
    void this.#screen.refresh().then(() => {
      if (this.#state === 'ended') return
      this.#state = 'ready'
      this.#resize()
      this.#proceed()
    })
  }

  #resize(): void {
    this.#dirty.resize(this.#screen.width, this.#screen.height)
    if (this.#sized) this.#send(surfaceDestroy())
    this.#sized = false
  }

  #proceed(): void {
    if (!this.waits) return
    if (this.#dirty.empty) this.#screen.wake()
    else this.#draw()
  }

  #draw(): void {
    const { width, height } = this.#screen
    const first = !this.#sized
    if (first) this.#send(surfaceCreate(width, height))
    this.#sized = true
    // All of a new picture is one drawing: some clients take the first one for the picture.
    for (const area of this.#dirty.take()) {
      this.#images++
      this.#send(drawCopy(area, this.#images, this.#screen.cut(area), this.#compressed))
    }
    if (first) {
      this.#send(monitorsConfig(width, height))
      this.#send(mark())
    }
    this.#proceed()
  }

  #send(message: OutMessage): void {
    this.#underway++
    if (!this.#line.send(message) && this.#state === 'ready') this.#state = 'full'
  }
}
