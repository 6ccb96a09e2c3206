import { type ChainStatus, chainStatus } from './chain-status.ts'
import type { BlockNode } from './node.ts'

/** A stretch of an image of which one thing is true, as `qemu-img map` shows it. */
export interface MapEntry {
  /** In bytes. */
  readonly start: number
  readonly length: number
  /** How many images lie above the one that decides. */
  readonly depth: number
  /** An image of the chain decides what it holds. */
  readonly present: boolean
  readonly zero: boolean
  readonly data: boolean
  /** Where the bytes lie in `filename`, if they lie there as they are. */
  readonly offset: number | undefined
  readonly filename: string | undefined
}

type Growing = { -readonly [Key in keyof MapEntry]: MapEntry[Key] }

export interface MapRange {
  /** In bytes. Default: the beginning. */
  readonly start?: number
  /** Default: the end of the image. */
  readonly end?: number
  /** Gives up. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Where an image keeps what: its stretches in order, each as long as can be.
 *
 * @throws {BlockError} as `BlockNode.status()`
 */
export async function* imageMap(
  image: BlockNode,
  { start = 0, end = image.length, signal }: MapRange = {},
): AsyncGenerator<MapEntry> {
  let current: Growing | undefined
  for (let at = start; at < end; ) {
    signal?.throwIfAborted()
    const entry = entryOf(await chainStatus(image, at, end - at), at)
    at += entry.length
    if (current !== undefined && joins(current, entry)) {
      current.length += entry.length
      continue
    }
    if (current !== undefined) yield current
    current = entry
  }
  if (current !== undefined) yield current
}

/** Of an image that has no bytes there. */
export function emptyEntry(start: number): MapEntry {
  return { ...nothing, start, length: 0, depth: 0 }
}

const nothing = { present: false, zero: false, data: false, offset: undefined, filename: undefined }

function entryOf({ node, length, depth, allocated, zero, data, offset, in: within }: ChainStatus, at: number): Growing {
  // Neither read nor known to be zero: what a server says to be dirty where it is asked for a bitmap.
  if (!zero && !data) return { ...nothing, start: at, length, depth }
  const storage = within ?? node.child('data-file') ?? node.child('file') ?? node
  const filename = offset === undefined ? undefined : storage.filename
  return { start: at, length, depth, present: allocated, zero, data, offset, filename }
}

function joins(one: MapEntry, other: MapEntry): boolean {
  const same =
    one.zero === other.zero &&
    one.data === other.data &&
    one.present === other.present &&
    one.depth === other.depth &&
    one.filename === other.filename
  if (!same || (one.offset === undefined) !== (other.offset === undefined)) return false
  return one.offset === undefined || one.offset + one.length === other.offset
}
