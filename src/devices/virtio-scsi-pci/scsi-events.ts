import { scatter } from '../virtio/chain.ts'
import type { RingMemory } from '../virtio/ring-memory.ts'
import type { VirtioQueue } from '../virtio/virtio-queue.ts'
import { bytesOfPlace } from './scsi-request.ts'
import type { ScsiEvent } from './wire.ts'

const eventBytes = 16
const transportReset = 1
const parameterChange = 3
/** Why there was a reset: the unit is new, or it is gone. */
const reasons = { added: 1, removed: 2 } as const
const missed = 0x8000_0000
/** So many are kept for a driver that has no room; of more it is told that it has missed some. */
const mostKept = 64

/** What the driver is told of units that come, go and change. */
export class ScsiEvents {
  readonly #memory: RingMemory
  readonly #queue: () => VirtioQueue
  #kept: ScsiEvent[] = []
  #missed = false

  constructor({ memory, queue }: { readonly memory: RingMemory; queue(): VirtioQueue }) {
    this.#memory = memory
    this.#queue = queue
  }

  tell(event: ScsiEvent): void {
    if (this.#kept.length < mostKept) this.#kept.push(event)
    else this.#missed = true
    this.flush()
  }

  /** Gives the driver what there is, as far as it has room. */
  flush(): void {
    const events = this.#queue()
    let any = false
    while (this.#kept.length > 0) {
      const chain = events.take()
      if (chain === undefined) break
      const bytes = bytesOf(this.#kept.shift()!, this.#missed)
      this.#missed = false
      events.giveQuietly(chain, scatter(this.#memory, chain.writable, 0, bytes))
      any = true
    }
    if (any) events.tell()
  }

  reset(): void {
    this.#kept = []
    this.#missed = false
  }

  save(): readonly ScsiEvent[] {
    return this.#kept
  }

  restore(kept: readonly ScsiEvent[]): void {
    this.#kept = [...kept]
  }
}

function bytesOf({ kind, code = 0, qualifier = 0, ...place }: ScsiEvent, missedSome: boolean): Uint8Array {
  const bytes = new Uint8Array(eventBytes)
  const view = new DataView(bytes.buffer)
  const event = kind === 'changed' ? parameterChange : transportReset
  view.setUint32(0, missedSome ? event + missed : event, true)
  bytes.set(bytesOfPlace(place), 4)
  view.setUint32(12, kind === 'changed' ? code | (qualifier << 8) : reasons[kind], true)
  return bytes
}
