import { MigrationError } from '../migration-error.ts'
import { parseObject } from './machine-section.ts'

/** A dirty bitmap that is in the stream. */
export interface BitmapDescription {
  /** The node's name in the stream. */
  readonly node: string
  /** The bitmap's name in the stream. */
  readonly name: string
  /** In bytes, a power of two. */
  readonly granularity: number
  /** Of the image. */
  readonly byteLength: number
  /** Whether it records writes. */
  readonly enabled: boolean
  readonly persistent: boolean
}

/** Bits of a dirty bitmap, the lowest bit of a byte first. */
export interface BitmapPart {
  /** Of the first byte among all of the bitmap's bits. */
  readonly offset: number
  readonly bytes: Uint8Array
}

/*
 * The section `bitmaps` is JSON: `bitmaps`, a list of descriptions. A section `bitmap` is a part of one of them: 4 bytes
 * with its number in that list, 8 with the offset in bytes, and the bits.
 */
const headBytes = 12
/** As many as a qcow2 image can have. */
const mostBitmaps = 65535
const granularities = { least: 512, most: 2 ** 31 }
const longestName = 255

export function packBitmaps(bitmaps: readonly BitmapDescription[]): Buffer {
  return Buffer.from(JSON.stringify({ bitmaps }))
}

/** @throws {MigrationError} `stream`, if that is no list of bitmaps */
export function unpackBitmaps(contents: Uint8Array): readonly BitmapDescription[] {
  const { bitmaps } = parseObject(contents)
  if (!Array.isArray(bitmaps) || bitmaps.length > mostBitmaps || !bitmaps.every(isDescription)) throw spoilt()
  return bitmaps.map(({ node, name, granularity, byteLength, enabled, persistent }) => {
    return { node, name, granularity, byteLength, enabled, persistent }
  })
}

function isDescription(value: unknown): value is BitmapDescription {
  if (typeof value !== 'object' || value === null) return false
  const { node, name, granularity, byteLength, enabled, persistent } = value as Partial<Record<string, unknown>>
  return (
    isName(node) &&
    isName(name) &&
    isSize(granularity, granularities.least, granularities.most) &&
    Number.isInteger(Math.log2(granularity)) &&
    isSize(byteLength, 0, Number.MAX_SAFE_INTEGER) &&
    typeof enabled === 'boolean' &&
    typeof persistent === 'boolean'
  )
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= longestName
}

function isSize(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most
}

/** @param bitmap - its number in the list */
export function packBitmapPart(bitmap: number, { offset, bytes }: BitmapPart): Buffer {
  const head = Buffer.alloc(headBytes)
  head.writeUInt32BE(bitmap, 0)
  head.writeBigUInt64BE(BigInt(offset), 4)
  return Buffer.concat([head, bytes])
}

/** @throws {MigrationError} `stream`, if it is no part of one of the bitmaps */
export function unpackBitmapPart(
  contents: Uint8Array,
  bitmaps: readonly BitmapDescription[],
): BitmapPart & { readonly bitmap: number } {
  if (contents.length <= headBytes) throw spoilt()
  const view = Buffer.from(contents.buffer, contents.byteOffset, contents.length)
  const bitmap = view.readUInt32BE(0)
  const offset = Number(view.readBigUInt64BE(4))
  const description = bitmaps[bitmap]
  const bytes = view.subarray(headBytes)
  if (description === undefined || offset + bytes.length > bitBytes(description)) throw spoilt()
  return { bitmap, offset, bytes }
}

/** Bytes of all bits of a bitmap. */
export function bitBytes({ byteLength, granularity }: Pick<BitmapDescription, 'byteLength' | 'granularity'>): number {
  return Math.ceil(Math.ceil(byteLength / granularity) / 8)
}

function spoilt(): MigrationError {
  return new MigrationError('stream', 'the stream has parts of dirty bitmaps that it does not describe')
}
