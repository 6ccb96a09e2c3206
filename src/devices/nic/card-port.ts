import type { GuestLink } from '../../board/index.ts'
import { bytesOnTheWay, type CardBeginning, type FromCard, type ToCard } from './wire.ts'

/** The card behind a port. */
export interface Card {
  /**
   * Gives the guest a frame.
   *
   * @returns false if there is no room at the moment: it is offered again after `roomForFrames()`
   */
  deliver(frame: Uint8Array): boolean
  /** What was sent has gone on: there is room for more. */
  roomToSend(): void
  linkChanged(up: boolean): void
  /** All frames that there were have been delivered: the guest is to hear of it once. */
  delivered(): void
}

/** The guest's side of any card: frames that wait for it, and frames that it has sent. */
export class CardPort {
  readonly #link: GuestLink
  readonly #card: Card
  #waiting: Uint8Array[] = []
  #gathered: Uint8Array[] = []
  #unpassed = 0
  #linkUp: boolean

  constructor(link: GuestLink, card: Card, beginning: unknown) {
    this.#link = link
    this.#card = card
    this.#linkUp = (beginning as CardBeginning | undefined)?.linkUp ?? true
  }

  get linkUp(): boolean {
    return this.#linkUp
  }

  /** Whether another frame may be sent. */
  get maySend(): boolean {
    return this.#unpassed < bytesOnTheWay
  }

  /** Sends a frame, whose bytes stay as they are. */
  send(frame: Uint8Array): void {
    if (frame.length === 0) return
    this.#unpassed += frame.length
    this.#gathered.push(frame)
  }

  receive(message: unknown): void {
    const said = message as ToCard
    if (said.kind === 'frames') {
      for (const frame of said.frames) this.#waiting.push(frame)
      this.roomForFrames()
    } else if (said.kind === 'passed') {
      const could = this.maySend
      this.#unpassed = Math.max(0, this.#unpassed - said.bytes)
      if (!could && this.maySend) this.#card.roomToSend()
    } else if (said.kind === 'link' && said.up !== this.#linkUp) {
      this.#linkUp = said.up
      this.#card.linkChanged(said.up)
    }
  }

  /** The guest has made room for what waits. */
  roomForFrames(): void {
    let taken = 0
    while (taken < this.#waiting.length && this.#card.deliver(this.#waiting[taken]!)) taken++
    if (taken === 0) return
    this.#waiting.splice(0, taken)
    this.#link.send({ kind: 'taken', frames: taken } satisfies FromCard)
    this.#card.delivered()
  }

  /** Tells what has gathered. */
  settle(): void {
    if (this.#gathered.length === 0) return
    this.#link.send({ kind: 'frames', frames: this.#gathered } satisfies FromCard)
    this.#gathered = []
  }
}
