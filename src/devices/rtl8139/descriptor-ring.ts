import type { BusRam } from '../../board/index.ts'
import { offloaded } from './offload.ts'
import { descriptor, tagged } from './registers.ts'

const length = 16
const longestPacket = 0x10000 + 18

/** One of the two rings of descriptors that a C+ has: where it is now, and what is there. */
export class DescriptorRing {
  readonly #ram: BusRam
  index = 0

  constructor(ram: BusRam) {
    this.#ram = ram
  }

  /** The descriptor that is next, if it is the card's. */
  next(base: number): { readonly words: Uint32Array; readonly buffer: number } | undefined {
    const bytes = Uint8Array.from(this.#ram.read(base + this.index * length, length))
    const view = new DataView(bytes.buffer)
    const words = Uint32Array.from({ length: 4 }, (_, at) => view.getUint32(4 * at, true))
    if (words[0]! < descriptor.owned) return undefined
    return { words, buffer: words[2]! + words[3]! * 2 ** 32 }
  }

  /** Gives it back to the guest, and goes on. */
  giveBack(base: number, words: Uint32Array, first: number): void {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32LE(first >>> 0)
    bytes.writeUInt32LE(words[1]!, 4)
    this.#ram.write(base + this.index * length, bytes)
    // The last one says so; no ring has more than 64.
    this.index = (words[0]! & descriptor.last) !== 0 || this.index === 63 ? 0 : this.index + 1
  }
}

/** Takes packets out of a ring of descriptors: a packet's may be many. */
export class PlusTransmitter {
  readonly ring: DescriptorRing
  readonly #ram: BusRam
  #pieces: Uint8Array[] = []
  #length = 0

  constructor(ram: BusRam) {
    this.#ram = ram
    this.ring = new DescriptorRing(ram)
  }

  reset(): void {
    this.ring.index = 0
    this.#forget()
  }

  /** @returns the frames that are complete now; undefined if no descriptor is the card's */
  take(base: number): Buffer[] | undefined {
    const found = this.ring.next(base)
    if (found === undefined) return undefined
    const { words, buffer } = found
    const word = words[0]!
    if (word & descriptor.first) this.#forget()
    const size = word & descriptor.txLength
    if (size > 0 && this.#length + size <= longestPacket) {
      this.#pieces.push(Uint8Array.from(this.#ram.read(buffer, size)))
      this.#length += size
    }
    this.ring.giveBack(base, words, (word & descriptor.unchanged) >>> 0)
    if ((word & descriptor.end) === 0) return []
    const packet = withTag(Buffer.concat(this.#pieces), words[1]!)
    this.#forget()
    if (packet.length === 0) return []
    const segment = word & descriptor.cut ? (word >>> 16) & 0x7ff : 0
    const has = (bit: number): boolean => segment === 0 && (word & bit) !== 0
    return offloaded(packet, {
      ...{ segment, ipSum: has(descriptor.ipSum), tcpSum: has(descriptor.tcpSum), udpSum: has(descriptor.udpSum) },
    })
  }

  save(): unknown {
    return [this.ring.index, this.#pieces.map((piece) => [...piece])]
  }

  restore(state: unknown): void {
    const [index, pieces] = state as [number, number[][]]
    this.ring.index = index
    this.#pieces = pieces.map((piece) => Uint8Array.from(piece))
    this.#length = this.#pieces.reduce((sum, piece) => sum + piece.length, 0)
  }

  #forget(): void {
    this.#pieces = []
    this.#length = 0
  }
}

/** A frame with the tag of a virtual network, if one is to be put in. */
function withTag(frame: Buffer, word: number): Buffer {
  if ((word & tagged) === 0 || frame.length < 14) return frame
  const tag = Buffer.of(0x81, 0x00, word & 0xff, (word >>> 8) & 0xff)
  return Buffer.concat([frame.subarray(0, 12), tag, frame.subarray(12)])
}
