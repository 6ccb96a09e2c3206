import type { GuestLink } from '../../board/index.ts'
import type { PassedOn, Written } from './wire.ts'

/** Bytes that may be on their way; a guest that writes more waits, as it does on QEMU. */
const onTheWayLimit = 64 << 10

/** What a device writes to the character device behind it, a byte at a time: they go there together. */
export class ByteOutput {
  readonly #link: GuestLink
  #gathered: number[] = []
  #onTheWay = 0
  #release: (() => void) | undefined

  constructor(link: GuestLink) {
    this.#link = link
  }

  write(byte: number): void {
    this.#gathered.push(byte)
    this.#onTheWay++
    if (this.#onTheWay > onTheWayLimit) this.#release ??= this.#link.hold()
  }

  /** Sends what has been written, at the end of a slice of execution. */
  settle(): void {
    if (this.#gathered.length === 0) return
    this.#link.send({ bytes: Uint8Array.from(this.#gathered) } satisfies Written)
    this.#gathered = []
  }

  /** The other side has taken some of it. */
  passedOn({ count }: PassedOn): void {
    this.#onTheWay -= count
    if (this.#onTheWay > onTheWayLimit) return
    this.#release?.()
    this.#release = undefined
  }
}
