import { type Chain, gather, scatter } from '../virtio/chain.ts'
import type { RingMemory } from '../virtio/ring-memory.ts'
import type { VirtioQueue } from '../virtio/virtio-queue.ts'
import { placeIn } from './scsi-request.ts'
import type { UnitPlace } from './wire.ts'

interface Surroundings {
  readonly memory: RingMemory
  queue(): VirtioQueue
  /** Whether commands for a unit are at work. */
  atWork(place: UnitPlace): boolean
}

const request = { management: 0, queryEvents: 1, subscribe: 2 } as const
/** What management can do: abort and clear tasks, resets, and questions. */
const mostFunctions = 7
const clearAca = 2
const answers = { complete: 0, rejected: 11 } as const
const managementBytes = 24
const typeBytes = 4
const eventAnswerBytes = 5

/**
 * Management of tasks. Nothing that has been asked of a drive can be called back: who wants it ended is answered when it
 * has ended.
 */
export class Controls {
  readonly #surroundings: Surroundings
  #waiting: { readonly chain: Chain; readonly place: UnitPlace }[] = []

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  /** Takes what is available. @returns false if no driver would have made it so */
  take(): boolean {
    const controls = this.#surroundings.queue()
    let fine = true
    for (let chain = controls.take(); chain !== undefined; chain = controls.take()) {
      fine = this.#serve(controls, chain)
      if (!fine) break
    }
    controls.tell()
    return fine
  }

  /** Commands have ended: answers who has waited for that. */
  go(): void {
    const waiting = this.#waiting
    if (waiting.length === 0) return
    const controls = this.#surroundings.queue()
    this.#waiting = waiting.filter(({ place }) => this.#surroundings.atWork(place))
    for (const { chain, place } of waiting)
      if (!this.#surroundings.atWork(place)) this.#answer(controls, chain, Uint8Array.of(answers.complete))
    controls.tell()
  }

  reset(): void {
    this.#waiting = []
  }

  #serve(controls: VirtioQueue, chain: Chain): boolean {
    const bytes = gather(this.#surroundings.memory, chain.readable, 0, managementBytes)
    if (bytes.length < typeBytes || chain.writableBytes === 0) return false
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const type = view.getUint32(0, true)
    if (type === request.queryEvents || type === request.subscribe) {
      this.#answer(controls, chain, new Uint8Array(eventAnswerBytes)) // there are none to subscribe to
      return true
    }
    if (type !== request.management || bytes.length < managementBytes) return false
    const what = view.getUint32(4, true)
    const place = placeIn(bytes.subarray(8, 16))
    if (what > mostFunctions || what === clearAca) this.#answer(controls, chain, Uint8Array.of(answers.rejected))
    else if (this.#surroundings.atWork(place)) this.#waiting.push({ chain, place })
    else this.#answer(controls, chain, Uint8Array.of(answers.complete))
    return true
  }

  #answer(controls: VirtioQueue, chain: Chain, bytes: Uint8Array): void {
    controls.giveQuietly(chain, scatter(this.#surroundings.memory, chain.writable, 0, bytes))
  }
}
