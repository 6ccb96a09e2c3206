import type { GuestLink } from '../../board/index.ts'
import type { RxFilter } from '../../net/index.ts'
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
  /** The guest is to tell the network where it is, if it can. */
  announce?(): void
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
  /** It has changed. */
  #filter: { readonly read: () => RxFilter; readonly said: boolean } | undefined

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
    } else if (said.kind === 'announce') this.#card.announce?.()
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

  /** Lets others know which frames the card takes. @param said - whether that is the guest's wish */
  filterChanged(filter: () => RxFilter, said: boolean): void {
    this.#filter = { read: filter, said: said || this.#filter?.said === true }
  }

  /** Tells what has gathered. */
  settle(): void {
    if (this.#filter !== undefined) {
      const { read, said } = this.#filter
      this.#filter = undefined
      this.#link.send({ kind: 'filter', filter: read(), said } satisfies FromCard)
    }
    if (this.#gathered.length === 0) return
    this.#link.send({ kind: 'frames', frames: this.#gathered } satisfies FromCard)
    this.#gathered = []
  }
}
