import { countFrame, FrameCounters } from './frame-counters.ts'
import type { FrameTap } from './frame-tap.ts'
import type { NetEnd, NetLine } from './net-end.ts'
import type { RxFilter } from './rx-filter.ts'

/** Kinds of clients, as `info network` names them. */
export type NetClientType = 'nic' | 'user' | 'socket' | 'stream' | 'dgram' | 'hubport'

/** One of the two ends of a wire, with a name: a card, or a back end. */
export class NetClient implements NetLine {
  readonly name: string
  readonly type: NetClientType
  /** Who is at the other end. */
  peer: NetClient | undefined
  /** What takes the frames that come here. */
  end: NetEnd | undefined
  readonly counters = new FrameCounters()
  /** What it is, as `info network` has it. */
  info: () => string = () => ''
  /** Which frames it takes; absent if it does not tell. */
  filter: RxFilter | undefined
  /** Who sees what passes, and by which name, in order. */
  readonly taps: { readonly name: string; readonly tap: FrameTap; readonly info: () => string }[] = []
  /** Whether it stays as long as the machine: -net has made it. */
  stays = false
  #filterUnread = false
  #linkUp = true
  #closed = false

  constructor(name: string, type: NetClientType) {
    this.name = name
    this.type = type
  }

  get linkUp(): boolean {
    return this.#linkUp
  }

  /** Whether it has gone, while its card is still there. */
  get closed(): boolean {
    return this.#closed
  }

  send(frame: Uint8Array): boolean {
    const { peer } = this
    if (!this.#linkUp || peer === undefined) {
      this.lost('sent')
      peer?.lost('received')
      return true
    }
    if (peer.#linkUp && peer.end?.receive(frame) === false) return false
    if (peer.#linkUp) {
      countFrame(this.counters.sent, frame)
      countFrame(peer.counters.received, frame)
    } else {
      this.lost('sent')
      peer.lost('received')
    }
    for (const { tap } of this.taps) tap.seen(frame, 'tx')
    for (const { tap } of peer.taps) tap.seen(frame, 'rx')
    return true
  }

  lost(way: 'sent' | 'received'): void {
    this.counters[way].dropped++
  }

  ready(): void {
    this.peer?.end?.resume?.()
  }

  setLink(up: boolean): void {
    if (up === this.#linkUp) return
    this.#linkUp = up
    this.end?.linkChanged?.(up)
    // What waited is swallowed by a wire that is cut, or goes on.
    this.end?.resume?.()
    this.peer?.end?.resume?.()
  }

  /** It takes other frames now. @returns whether that is news: nobody has heard of a change since it was last asked for */
  filterChanged(filter: RxFilter): boolean {
    this.filter = filter
    const isNews = !this.#filterUnread
    this.#filterUnread = true
    return isNews
  }

  /** Somebody has asked which frames it takes. */
  filterRead(): void {
    this.#filterUnread = false
  }

  /** Joins two ends that are free. */
  join(peer: NetClient): void {
    this.peer = peer
    peer.peer = this
    this.end?.resume?.()
    peer.end?.resume?.()
  }

  /** Nobody is at the other end any more. */
  leave(): void {
    const { peer } = this
    if (peer !== undefined) peer.peer = undefined
    this.peer = undefined
    peer?.end?.resume?.()
  }

  /** It takes and sends nothing more. */
  close(): void {
    this.#closed = true
    this.end = undefined
    for (const { tap } of this.taps.splice(0)) tap.gone()
  }
}
