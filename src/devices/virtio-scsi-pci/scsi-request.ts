import { type Chain, gather } from '../virtio/chain.ts'
import type { RingMemory } from '../virtio/ring-memory.ts'
import type { UnitPlace } from './wire.ts'

/** A command in a buffer: where it goes, and what it is. */
export interface ScsiRequest extends UnitPlace {
  readonly cdb: Uint8Array
  /** Where what the guest sends begins, among what it reads; and what is read, among what it writes. */
  readonly outOffset: number
  readonly inOffset: number
  /** Whether it is for this bus: the guest may ask for others. */
  readonly reachable: boolean
}

/** How long commands and reasons are, as the driver has said. */
export interface RequestSizes {
  readonly cdb: number
  readonly sense: number
}

/** Where the unit is, a tag, and three bytes of how. */
const headerBytes = 19
/** Length of the reason, what was not moved, two words of status. */
export const responseBytes = 12
const lunBytes = 8

/** What has become of a command, as the controller says it. */
export const response = { ok: 0, overrun: 1, badTarget: 3, failure: 9 } as const

/** Reads a command; undefined if a driver would not have made it so. */
export function readScsiRequest(memory: RingMemory, chain: Chain, sizes: RequestSizes): ScsiRequest | undefined {
  const outOffset = headerBytes + sizes.cdb
  const inOffset = responseBytes + sizes.sense
  if (chain.readableBytes < outOffset || chain.writableBytes < inOffset) return undefined
  const bytes = gather(memory, chain.readable, 0, outOffset)
  return { ...placeIn(bytes), cdb: bytes.slice(headerBytes), outOffset, inOffset }
}

/** The unit that 8 bytes name. */
export function placeIn(bytes: Uint8Array): UnitPlace & { readonly reachable: boolean } {
  const [kind, target, high, low] = bytes
  const flat = high! >= 0x40 ? ((high! << 8) | low!) & 0x3fff : (high! << 8) | low!
  return { target: target!, lun: flat, reachable: kind === 1 && high! < 0x80 }
}

/** 8 bytes that name a unit. */
export function bytesOfPlace({ target, lun }: UnitPlace): Uint8Array {
  const bytes = new Uint8Array(lunBytes)
  bytes.set([1, target, lun < 256 ? 0 : 0x40 | (lun >> 8), lun & 0xff])
  return bytes
}
