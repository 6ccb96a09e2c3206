import type { GuestDevice, GuestLink, GuestSide, GuestSurroundings } from '../../board/index.ts'
import type { PassedOn, Printed } from './wire.ts'

/** Bytes that may be on their way; a guest that prints more waits, as it does on QEMU. */
const onTheWayLimit = 64 << 10

export const guest: GuestSide = (surroundings) => new Debugcon(surroundings)

/** One port of a byte: reading tells that it is there. */
class Debugcon implements GuestDevice {
  readonly #link: GuestLink
  #gathered: number[] = []
  #onTheWay = 0
  #release: (() => void) | undefined

  constructor({ bus, link, properties: { iobase, readback } }: GuestSurroundings) {
    this.#link = link
    bus
      .ports(1, {
        read: (_offset, size) => (size === 1 ? Number(readback) & 0xff : 0),
        write: (_offset, size, value) => {
          if (size === 1) this.#print(value)
        },
      })
      .move(Number(iobase))
  }

  receive(message: unknown): void {
    this.#onTheWay -= (message as PassedOn).count
    if (this.#onTheWay > onTheWayLimit) return
    this.#release?.()
    this.#release = undefined
  }

  settle(): void {
    if (this.#gathered.length === 0) return
    this.#link.send({ bytes: Uint8Array.from(this.#gathered) } satisfies Printed)
    this.#gathered = []
  }

  #print(byte: number): void {
    this.#gathered.push(byte)
    this.#onTheWay++
    if (this.#onTheWay > onTheWayLimit) this.#release ??= this.#link.hold()
  }
}
