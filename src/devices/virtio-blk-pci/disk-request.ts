import { type Chain, gather } from '../virtio/chain.ts'
import type { RingMemory } from '../virtio/ring-memory.ts'
import { blockBytesOf, sectorBytes } from './disk-config.ts'

/** What a request comes to, as the driver is told. */
export const outcome = { done: 0, failed: 1, unsupported: 2 } as const
export type Outcome = (typeof outcome)[keyof typeof outcome]

/** What a guest wants of its disk; offsets and lengths are bytes. */
export type Wish =
  | { readonly kind: 'read' | 'write' | 'discard'; readonly offset: number; readonly length: number }
  | { readonly kind: 'zero'; readonly offset: number; readonly length: number; readonly unmap: boolean }
  | { readonly kind: 'flush' }
  | { readonly kind: 'identify' }
  /** It cannot be; `invalid` where it counts as a request that is none. */
  | { readonly kind: 'refused'; readonly outcome: Outcome; readonly invalid?: 'read' | 'write' | 'unmap' }

/** What a disk takes. */
export interface DiskLimits {
  readonly byteLength: number
  readonly readOnly: boolean
  readonly properties: Readonly<Record<string, string | number | boolean>>
}

/** Types of requests, without the bit that says that data goes to the device, and one that means nothing any more. */
const types = { read: 0, scsi: 2, flush: 4, identify: 8, discard: 10, zero: 12 } as const
const toDevice = 1
const typeMask = 0x7ffffffe
export const headerBytes = 16
/** A range to be discarded, or filled with zeros. */
const rangeBytes = 16
const mayUnmap = 1

/** Whether it has room for what every request has: a header, and its outcome. */
export function hasHeaders({ readableBytes, writableBytes }: Chain): boolean {
  return readableBytes >= headerBytes && writableBytes >= 1
}

/**
 * Understands a request.
 *
 * @see Virtual I/O Device (VIRTIO) 1.2, 5.2.6
 */
export function readRequest(memory: RingMemory, chain: Chain, limits: DiskLimits): Wish {
  const header = gather(memory, chain.readable, 0, headerBytes)
  const view = new DataView(header.buffer, header.byteOffset)
  const type = view.getUint32(0, true)
  const sector = sectorAt(view, 8)
  switch (type & typeMask) {
    case types.read:
      return type & toDevice
        ? transfer('write', sector, chain.readableBytes - headerBytes, limits)
        : transfer('read', sector, chain.writableBytes - 1, limits)
    case types.flush:
      return { kind: 'flush' }
    case types.identify:
      return { kind: 'identify' }
    case types.discard:
    case types.zero:
      return range(memory, chain, (type & typeMask) === types.zero ? 'zero' : 'discard', limits)
    default:
      return { kind: 'refused', outcome: outcome.unsupported }
  }
}

function transfer(kind: 'read' | 'write', sector: number, length: number, limits: DiskLimits): Wish {
  if (kind === 'write' && limits.readOnly) return { kind: 'refused', outcome: outcome.failed }
  const offset = sector * sectorBytes
  if (!fits(offset, length, limits)) return { kind: 'refused', outcome: outcome.failed, invalid: kind }
  return { kind, offset, length }
}

function range(memory: RingMemory, chain: Chain, kind: 'zero' | 'discard', limits: DiskLimits): Wish {
  const { properties, readOnly } = limits
  const unsupported: Wish = { kind: 'refused', outcome: outcome.unsupported }
  const on = properties[kind === 'zero' ? 'write-zeroes' : 'discard'] === true
  const length = chain.readableBytes - headerBytes
  if (!on || length > rangeBytes) return unsupported
  if (length < rangeBytes || readOnly) return { kind: 'refused', outcome: outcome.failed }
  const bytes = gather(memory, chain.readable, headerBytes, rangeBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const flags = view.getUint32(12, true)
  const sectors = view.getUint32(8, true)
  if ((flags & ~mayUnmap) !== 0 || (kind === 'discard' && flags !== 0)) return unsupported
  const most = Number(properties[kind === 'zero' ? 'max-write-zeroes-sectors' : 'max-discard-sectors'])
  if (sectors > most) return { kind: 'refused', outcome: outcome.failed }
  const where = { offset: sectorAt(view, 0) * sectorBytes, length: sectors * sectorBytes }
  const invalid = kind === 'zero' ? 'write' : 'unmap'
  if (!fits(where.offset, where.length, limits)) return { kind: 'refused', outcome: outcome.failed, invalid }
  return kind === 'zero' ? { kind, ...where, unmap: (flags & mayUnmap) !== 0 } : { kind, ...where }
}

function fits(offset: number, length: number, { byteLength, properties }: DiskLimits): boolean {
  const block = blockBytesOf(properties)
  return offset % block === 0 && length % block === 0 && offset + length <= byteLength
}

/** Beyond 2^53 bytes no disk reaches, and so precision does not matter. */
function sectorAt(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)
}
