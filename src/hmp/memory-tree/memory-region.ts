import type { QomObject } from '../../qom/index.ts'

/** A piece of an address space: what answers there, a room for other pieces, or another piece seen from elsewhere. */
export interface MemoryRegion {
  readonly name: string
  /** Where it begins in the region that it is a part of. */
  readonly start: bigint
  readonly bytes: bigint
  /** Of parts that overlap, the one of higher priority is seen. */
  readonly priority: number
  readonly kind: 'i/o' | 'ram' | 'rom' | 'romd'
  /** It has only parts: nothing answers between them. */
  readonly hollow: boolean
  readonly enabled: boolean
  /** What is seen here instead, from that offset on. */
  readonly alias: { readonly target: MemoryRegion; readonly offset: bigint } | undefined
  /** The device that it belongs to. */
  readonly owner: QomObject | undefined
  /** The one that came last is the first. */
  readonly parts: readonly MemoryRegion[]
}

type Defaults = Omit<MemoryRegion, 'name' | 'start' | 'bytes'>

const defaults: Defaults = {
  priority: 0,
  kind: 'i/o',
  hollow: false,
  enabled: true,
  alias: undefined,
  owner: undefined,
  parts: [],
}

/** A region; what of it belongs to nobody else belongs to its owner, with its parts. */
export function region(
  name: string,
  start: number | bigint,
  bytes: number | bigint,
  more: Partial<Defaults> = {},
): MemoryRegion {
  return { ...defaults, name, start: BigInt(start), bytes: BigInt(bytes), ...more }
}

/** A region that shows another one, or a piece of it. */
export function alias(
  name: string,
  start: number | bigint,
  bytes: number | bigint,
  target: MemoryRegion,
  more: Partial<Defaults> & { readonly offset?: number | bigint } = {},
): MemoryRegion {
  const { offset = 0, ...rest } = more
  return region(name, start, bytes, { kind: target.kind, ...rest, alias: { target, offset: BigInt(offset) } })
}

/** Gives a region and its parts to a device. */
export function ownedBy(owner: QomObject, of: MemoryRegion): MemoryRegion {
  return { ...of, owner, parts: of.parts.map((part) => ownedBy(owner, part)) }
}

/** Parts in the order in which they are listed: by address, of those at the same one the higher priority first. */
export function listed(parts: readonly MemoryRegion[]): readonly MemoryRegion[] {
  return [...parts].sort((one, other) => Number(one.start - other.start) || other.priority - one.priority)
}
