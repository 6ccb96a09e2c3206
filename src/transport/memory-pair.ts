import { strerror } from '../errno/index.ts'
import { setImmediate } from '../timers/index.ts'
import type { Duplex } from './duplex.ts'
import type { DescriptorLink, Wire, WireReceiver } from './wire.ts'
import { WireDuplex } from './wire-duplex.ts'

/** How many deliveries may follow each other before the event loop gets a turn. */
const deliveriesPerTurn = 64

/** Two streams joined back to back inside this process: what is written to one is delivered by the other. */
export function memoryPair(): [Duplex, Duplex] {
  const one = new MemoryWire()
  const other = new MemoryWire()
  one.join(other)
  other.join(one)
  return [new WireDuplex(one, { kind: 'memory' }), new WireDuplex(other, { kind: 'memory' })]
}

interface Piece {
  readonly chunk: Uint8Array
  readonly sent: () => void
}

/**
 * One end of a pair. A piece counts as sent when the other end has delivered it, so a reader that pauses holds the
 * writer up. Deliveries never nest, and an endless conversation lets the event loop turn.
 */
class MemoryWire implements Wire {
  readonly descriptors: DescriptorLink | undefined = undefined
  #peer!: MemoryWire
  #receiver: WireReceiver | undefined
  #flow: 'stopped' | 'flowing' | 'over' = 'stopped'
  #incoming: Piece | undefined
  #peerEnded = false
  #scheduled = false
  #broken: (reason?: Error) => void = () => undefined

  join(peer: MemoryWire): void {
    this.#peer = peer
  }

  onBroken(broken: (reason?: Error) => void): void {
    this.#broken = broken
  }

  receive(receiver: WireReceiver): void {
    this.#receiver = receiver
    this.resume()
  }

  pause(): void {
    if (this.#flow === 'flowing') this.#flow = 'stopped'
  }

  resume(): void {
    if (this.#flow === 'stopped') this.#flow = 'flowing'
    this.#schedule()
  }

  send(bytes: Uint8Array | string, sent: () => void): boolean {
    if (this.#peer.#flow === 'over') {
      this.#break('EPIPE')
      return false
    }
    this.#peer.#incoming = { chunk: typeof bytes === 'string' ? Buffer.from(bytes) : bytes, sent }
    this.#peer.#schedule()
    return false
  }

  end(ended: () => void): void {
    this.#peer.#end()
    process.nextTick(ended)
  }

  destroy(): void {
    this.#break()
  }

  #end(): void {
    this.#peerEnded = true
    this.#schedule()
  }

  /** Ends both directions. The peer reads the end; or a reset, if it wrote what nobody read. */
  #break(code?: string): void {
    if (this.#flow === 'over') return
    this.#flow = 'over'
    const unread = this.#incoming !== undefined
    this.#incoming = undefined
    this.#peer.#incoming = undefined
    if (unread) this.#peer.#break('ECONNRESET')
    else this.#peer.#end()
    process.nextTick(this.#broken, code === undefined ? undefined : Object.assign(new Error(strerror(code)), { code }))
  }

  #schedule(): void {
    if (this.#scheduled || (this.#incoming === undefined && !this.#peerEnded)) return
    this.#scheduled = true
    turn.run(() => {
      this.#scheduled = false
      this.#deliver()
    })
  }

  #deliver(): void {
    if (this.#flow !== 'flowing') return
    const piece = this.#incoming
    if (piece !== undefined) {
      this.#incoming = undefined
      this.#receiver?.data(piece.chunk)
      piece.sent()
    } else if (this.#peerEnded) {
      this.#peerEnded = false
      this.#receiver?.end()
    }
    this.#schedule()
  }
}

/** Runs tasks at the end of the tick, but after a number of them lets the event loop turn first. */
class Turn {
  #left = deliveriesPerTurn

  run(task: () => void): void {
    if (this.#left === deliveriesPerTurn)
      setImmediate(() => {
        this.#left = deliveriesPerTurn
      })
    if (this.#left > 0) {
      this.#left--
      process.nextTick(task)
    } else setImmediate(task)
  }
}

const turn = new Turn()
