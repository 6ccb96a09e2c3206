import type { PluggedDevice } from '../../board/index.ts'
import type { NetEnd, RxFilter } from '../../net/index.ts'
import type { CardWire, DeviceHost, HostSide, HostSurroundings } from '../model.ts'
import { type CardBeginning, type FromCard, framesOnTheWay, type ToCard } from './wire.ts'

/** What stands behind a card of any model: a wire, on which each side waits for the other. */
export const host: HostSide = (surroundings) => cardHost(surroundings)

/** @param filter - which frames the card takes, if it tells that, as long as its guest has said nothing */
export function cardHost({ services }: HostSurroundings, filter?: RxFilter): DeviceHost {
  const card = new CardEnd()
  card.wire = services.network(card)
  if (filter !== undefined) card.wire.filterChanged(filter, false)
  return {
    beginning: (): CardBeginning => ({
      linkUp: card.wire?.linkUp ?? false,
      ...(services.rom !== undefined && { rom: services.rom.bytes, adaptRom: services.rom.usual }),
    }),
    connected: (device) => card.connected(device),
    receive: (message) => card.heard(message as FromCard),
    closed: () => card.closed(),
  }
}

class CardEnd implements NetEnd {
  wire: CardWire | undefined
  #device: PluggedDevice | undefined
  #onTheWay = 0
  #gathered: Uint8Array[] = []
  /** Frames of the guest's that the far end has not taken yet. */
  #waiting: Uint8Array[] = []
  #refused = false

  connected(device: PluggedDevice): void {
    this.#device = device
    this.wire?.ready()
  }

  receive(frame: Uint8Array): boolean {
    if (this.#device === undefined || this.#onTheWay >= framesOnTheWay) {
      this.#refused = true
      return false
    }
    this.#onTheWay++
    this.#gathered.push(frame)
    // What comes in one go crosses in one message.
    if (this.#gathered.length === 1) queueMicrotask(() => this.#tell())
    return true
  }

  resume(): void {
    let sent = 0
    let bytes = 0
    while (sent < this.#waiting.length && this.wire?.send(this.#waiting[sent]!) !== false)
      bytes += this.#waiting[sent++]!.length
    this.#waiting.splice(0, sent)
    this.#passed(bytes)
  }

  linkChanged(up: boolean): void {
    this.#say({ kind: 'link', up })
  }

  announce(): void {
    this.#say({ kind: 'announce' })
  }

  heard(message: FromCard): void {
    if (message.kind === 'filter') {
      this.wire?.filterChanged(message.filter, message.said)
      return
    }
    if (message.kind === 'taken') {
      this.#onTheWay = Math.max(0, this.#onTheWay - message.frames)
      if (!this.#refused || this.#onTheWay > framesOnTheWay / 2) return
      this.#refused = false
      this.wire?.ready()
      return
    }
    this.#waiting.push(...message.frames)
    this.resume()
  }

  closed(): void {
    this.#device = undefined
    this.#waiting = []
    this.wire?.close()
    this.wire = undefined
  }

  #tell(): void {
    const frames = this.#gathered
    this.#gathered = []
    if (frames.length > 0) this.#say({ kind: 'frames', frames })
  }

  #passed(bytes: number): void {
    if (bytes > 0) this.#say({ kind: 'passed', bytes })
  }

  #say(message: ToCard): void {
    this.#device?.send(message)
  }
}
