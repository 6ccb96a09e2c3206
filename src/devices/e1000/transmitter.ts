import type { BusRam } from '../../board/index.ts'
import { cut, noContext, type OffloadContext } from './offload.ts'

/** In a descriptor's second word. */
const command = {
  ...{ endOfPacket: 1 << 24, insertSum: 1 << 26, report: 1 << 27, extended: 1 << 29, vlan: 1 << 30 },
  ...{ segments: 1 << 26, contextTcp: 1 << 24, contextIpv4: 1 << 25 },
} as const
const dataType = 1 << 20
const done = 1
const ipSum = 1
const transportSum = 2
const longestPacket = 0x10000 + 18
const descriptorLength = 16

/** Takes packets out of descriptors: a packet's may be many. */
export class Transmitter {
  readonly #ram: BusRam
  #pieces: Uint8Array[] = []
  #length = 0
  #context: OffloadContext = noContext
  #segmentContext: OffloadContext = noContext
  #options = 0
  #vlan: number | undefined

  constructor(ram: BusRam) {
    this.#ram = ram
  }

  reset(): void {
    this.#pieces = []
    this.#length = 0
    this.#context = noContext
    this.#segmentContext = noContext
    this.#options = 0
    this.#vlan = undefined
  }

  /**
   * Takes the descriptor at an address, and says in it that it has been.
   *
   * @param vlanType what stands before a tag that is to be inserted; undefined: none is
   * @returns the frames that are complete now, and whether the guest wants to hear of it
   */
  take(
    address: number,
    vlanType: number | undefined,
  ): { readonly frames: readonly Buffer[]; readonly reported: boolean } {
    const bytes = this.#ram.read(address, descriptorLength)
    const descriptor = new DataView(bytes.buffer, bytes.byteOffset, descriptorLength)
    const lower = descriptor.getUint32(8, true)
    const upper = descriptor.getUint32(12, true)
    const frames = this.#read(descriptor, lower, upper, vlanType)
    const reported = (lower & command.report) !== 0
    if (reported) {
      descriptor.setUint8(12, (upper & 0xff) | done)
      this.#ram.write(address + 12, Uint8Array.of(descriptor.getUint8(12)))
    }
    return { frames, reported }
  }

  save(): unknown {
    const pieces = this.#pieces.map((piece) => [...piece])
    return [pieces, this.#context, this.#segmentContext, this.#options, this.#vlan ?? null]
  }

  restore(state: unknown): void {
    const [pieces, context, segments, options, vlan] = state as [
      number[][],
      OffloadContext,
      OffloadContext,
      number,
      number | null,
    ]
    this.#pieces = pieces.map((piece) => Uint8Array.from(piece))
    this.#length = this.#pieces.reduce((total, { length }) => total + length, 0)
    this.#context = context
    this.#segmentContext = segments
    this.#options = options
    this.#vlan = vlan ?? undefined
  }

  #read(descriptor: DataView, lower: number, upper: number, vlanType: number | undefined): Buffer[] {
    const isExtended = (lower & command.extended) !== 0
    if (isExtended && (lower & dataType) === 0) {
      this.#noteContext(descriptor, lower)
      return []
    }
    const length = isExtended ? lower & 0xfffff : lower & 0xffff
    if (this.#length === 0) {
      this.#options = isExtended ? (upper >> 8) & 3 : 0
      this.#vlan = lower & command.vlan && vlanType !== undefined ? upper >>> 16 : undefined
    }
    const high = descriptor.getUint32(4, true)
    if (length > 0 && this.#length + length <= longestPacket) {
      const from = descriptor.getUint32(0, true) + high * 2 ** 32
      this.#pieces.push(Uint8Array.from(this.#ram.read(from, length)))
      this.#length += length
    }
    if ((lower & command.endOfPacket) === 0) return []
    const packet = Buffer.concat(this.#pieces)
    const frames = isExtended ? this.#extended(packet, lower) : [plain(packet, lower, upper)]
    const tagged = this.#vlan === undefined ? frames : frames.map((frame) => withTag(frame, vlanType!, this.#vlan!))
    this.#pieces = []
    this.#length = 0
    return tagged
  }

  #extended(packet: Buffer, lower: number): Buffer[] {
    const segments = (lower & command.segments) !== 0
    const context = segments ? this.#segmentContext : { ...this.#context, segment: 0 }
    return cut(packet, {
      context,
      ipChecksum: (this.#options & ipSum) !== 0,
      transportChecksum: (this.#options & transportSum) !== 0,
    })
  }

  #noteContext(descriptor: DataView, lower: number): void {
    const sum = (at: number) =>
      [descriptor.getUint8(at), descriptor.getUint8(at + 1), descriptor.getUint16(at + 2, true)] as const
    const context: OffloadContext = {
      ip: sum(0),
      transport: sum(4),
      payloadLength: lower & 0xfffff,
      headerLength: descriptor.getUint8(13),
      segment: descriptor.getUint16(14, true),
      isTcp: (lower & command.contextTcp) !== 0,
      isIpv4: (lower & command.contextIpv4) !== 0,
    }
    if (lower & command.segments) this.#segmentContext = context
    else this.#context = context
  }
}

/** What the oldest kind of descriptor can ask for: one checksum. */
function plain(packet: Buffer, lower: number, upper: number): Buffer {
  if ((lower & command.insertSum) === 0) return packet
  const store = (lower >> 16) & 0xff
  const context = { ...noContext, transport: [(upper >> 8) & 0xff, store, 0] as const }
  return cut(packet, { context, ipChecksum: false, transportChecksum: true })[0]!
}

function withTag(frame: Buffer, type: number, tag: number): Buffer {
  if (frame.length < 12) return frame
  return Buffer.concat([
    frame.subarray(0, 12),
    Buffer.of(type >> 8, type & 0xff, tag >> 8, tag & 0xff),
    frame.subarray(12),
  ])
}
