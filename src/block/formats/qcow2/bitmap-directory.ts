import { BlockError } from '../../block-error.ts'
import { getUint64, setUint64, viewOf } from './big-endian.ts'
import type { Extensions } from './extensions.ts'

/** Type of the header extension that names the directory of bitmaps (qcow2 spec, "Bitmaps extension"). */
export const bitmapsExtensionType = 0x23852875

/** Where the directory of bitmaps is. */
export interface BitmapsExtension {
  readonly count: number
  /** In bytes. */
  readonly offset: number
  readonly size: number
}

/** A persistent bitmap as the directory lists it (qcow2 spec, "Bitmap directory"). */
export interface BitmapEntry {
  readonly name: string
  readonly tableOffset: number
  /** Entries of its table. */
  readonly tableSize: number
  /** Somebody has it in memory, or had when the program died: what the file has is not up to date. */
  readonly inUse: boolean
  /** It records writes. */
  readonly auto: boolean
  /** A bit stands for two to the power of so many bytes. */
  readonly granularityBits: number
}

export const mostBitmaps = 65535
const largestDirectory = mostBitmaps * 1024
/** Bytes that the clusters of a bitmap take at most. */
export const largestBitmap = 2 ** 29
/** Entries of a bitmap's table at most. */
const largestTable = 2 ** 27
export const longestBitmapName = 1023
export const granularityLimits = { least: 9, most: 31 } as const
const extensionLength = 24
const entrySize = 24
const flags = { inUse: 1, auto: 2 } as const
const dirtyTracking = 1

/** @throws {BlockError} kind `corrupt`, in QEMU's words */
export function parseBitmapsExtension(data: Uint8Array, clusterSize: number): BitmapsExtension {
  if (data.byteLength !== extensionLength) throw broken('bitmaps_ext: Invalid extension length')
  const view = viewOf(data)
  const count = view.getUint32(0)
  const size = getUint64(view, 8)
  const offset = getUint64(view, 16)
  if (view.getUint32(4) !== 0) throw broken('bitmaps_ext: Reserved field is not zero')
  if (count > mostBitmaps) {
    throw broken(`bitmaps_ext: Image has ${count} bitmaps, exceeding the QEMU supported maximum of ${mostBitmaps}`)
  }
  if (count === 0) throw broken('found bitmaps extension with zero bitmaps')
  if (offset % clusterSize !== 0) throw broken('bitmaps_ext: invalid bitmap directory offset')
  if (size > largestDirectory) {
    throw broken(
      `bitmaps_ext: bitmap directory size (${size}) exceeds the maximum supported size (${largestDirectory})`,
    )
  }
  return { count, size, offset }
}

export function encodeBitmapsExtension({ count, size, offset }: BitmapsExtension): Uint8Array {
  const data = new Uint8Array(extensionLength)
  const view = viewOf(data)
  view.setUint32(0, count)
  setUint64(view, 8, size)
  setUint64(view, 16, offset)
  return data
}

/** The extension that names the directory, as bytes; undefined if the image keeps no bitmaps. */
export function bitmapsExtensionOf({ others }: Extensions): Uint8Array | undefined {
  return others.find(({ type }) => type === bitmapsExtensionType)?.data
}

/** The extensions with another directory, or none. */
export function withBitmaps(extensions: Extensions, bitmaps: BitmapsExtension | undefined): Extensions {
  const others = extensions.others.filter(({ type }) => type !== bitmapsExtensionType)
  if (bitmaps === undefined) return { ...extensions, others }
  return { ...extensions, others: [{ type: bitmapsExtensionType, data: encodeBitmapsExtension(bitmaps) }, ...others] }
}

/** @throws {BlockError} kind `invalid`, if an image cannot keep such a bitmap */
export function checkConstraints(
  { name, granularity }: { readonly name: string; readonly granularity: number },
  { clusterSize, imageSize }: Pick<DirectoryLimits, 'clusterSize' | 'imageSize'>,
): void {
  const { least, most } = granularityLimits
  if (granularity > 2 ** most) throw new BlockError('invalid', `Granularity exceeds maximum (${2 ** most} bytes)`)
  if (granularity < 2 ** least) throw new BlockError('invalid', `Granularity is under minimum (${2 ** least} bytes)`)
  const bytes = Math.ceil(Math.ceil(imageSize / granularity) / 8)
  if (bytes > largestBitmap || bytes > clusterSize * largestTable) {
    throw new BlockError('invalid', 'Too much space will be occupied by the bitmap. Use larger granularity')
  }
  if (Buffer.byteLength(name) > longestBitmapName) {
    throw new BlockError('invalid', `Name length exceeds maximum (${longestBitmapName} characters)`)
  }
}

/** @throws {BlockError} kind `invalid`, if an image cannot keep bitmaps of all these names */
export function checkDirectoryRoom(names: readonly string[]): void {
  if (names.length > mostBitmaps) {
    throw new BlockError('invalid', 'Maximum number of persistent bitmaps is already reached')
  }
  const size = names.reduce((sum, name) => sum + sizeOfEntry(Buffer.byteLength(name)), 0)
  if (size > largestDirectory) throw new BlockError('invalid', 'Not enough space in the bitmap directory')
}

/** Bytes that a bitmap takes in the directory. @param nameSize - bytes of its name */
export function sizeOfEntry(nameSize: number): number {
  return Math.ceil((entrySize + nameSize) / 8) * 8
}

export interface DirectoryLimits {
  readonly count: number
  readonly clusterSize: number
  /** Guest bytes that the bitmaps are of. */
  readonly imageSize: number
}

/**
 * Reads the directory.
 *
 * @throws {BlockError} kind `corrupt`, in QEMU's words
 */
export function parseDirectory(bytes: Uint8Array, limits: DirectoryLimits): BitmapEntry[] {
  if (bytes.byteLength === 0) throw broken('Requested bitmap directory size is zero')
  const view = viewOf(bytes)
  const entries: BitmapEntry[] = []
  for (let at = 0; at < bytes.byteLength; ) {
    if (at + entrySize > bytes.byteLength) throw broken('Broken bitmap directory')
    if (entries.length === limits.count) throw broken('More bitmaps found than specified in header extension')
    const nameSize = view.getUint16(at + 18)
    const extraSize = view.getUint32(at + 20)
    const end = at + Math.ceil((entrySize + extraSize + nameSize) / 8) * 8
    if (end > bytes.byteLength) throw broken('Broken bitmap directory')
    if (extraSize !== 0) throw broken('Bitmap extra data is not supported')
    const name = new TextDecoder().decode(bytes.subarray(at + entrySize, at + entrySize + nameSize))
    const word = view.getUint32(at + 12)
    const entry = {
      name,
      tableOffset: getUint64(view, at),
      tableSize: view.getUint32(at + 8),
      inUse: (word & flags.inUse) !== 0,
      auto: (word & flags.auto) !== 0,
      granularityBits: view.getUint8(at + 17),
    }
    const sound =
      nameSize > 0 &&
      nameSize <= longestBitmapName &&
      word >>> 2 === 0 &&
      view.getUint8(at + 16) === dirtyTracking &&
      isPossible(entry, limits)
    if (!sound) throw broken(`Bitmap '${name}' doesn't satisfy the constraints`)
    entries.push(entry)
    at = end
  }
  if (entries.length !== limits.count) throw broken('Less bitmaps found than specified in header extension')
  return entries
}

function isPossible(entry: BitmapEntry, { clusterSize, imageSize }: DirectoryLimits): boolean {
  const { tableOffset, tableSize, granularityBits, inUse } = entry
  if (tableSize === 0 || tableOffset === 0 || tableOffset % clusterSize !== 0) return false
  if (granularityBits < granularityLimits.least || granularityBits > granularityLimits.most) return false
  const bytes = tableSize * clusterSize
  return bytes <= largestBitmap && (inUse || imageSize <= bytes * 8 * 2 ** granularityBits)
}

export function encodeDirectory(entries: readonly BitmapEntry[]): Uint8Array {
  const encoded = entries.map((entry) => {
    const name = new TextEncoder().encode(entry.name)
    const bytes = new Uint8Array(sizeOfEntry(name.byteLength))
    const view = viewOf(bytes)
    setUint64(view, 0, entry.tableOffset)
    view.setUint32(8, entry.tableSize)
    view.setUint32(12, (entry.inUse ? flags.inUse : 0) | (entry.auto ? flags.auto : 0))
    view.setUint8(16, dirtyTracking)
    view.setUint8(17, entry.granularityBits)
    view.setUint16(18, name.byteLength)
    bytes.set(name, entrySize)
    return bytes
  })
  const directory = new Uint8Array(encoded.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const bytes of encoded) {
    directory.set(bytes, at)
    at += bytes.byteLength
  }
  if (directory.byteLength > largestDirectory) throw new BlockError('invalid', 'Bitmap directory is too large')
  return directory
}

/** What an entry of a bitmap's table says: where a cluster of bits is, or that all of them are alike. */
export type BitmapCluster = 'zeroes' | 'ones' | 'invalid' | number

/** @param high - and `low`: the words of the entry */
export function readBitmapCluster(high: number, low: number, clusterSize: number): BitmapCluster {
  const offset = (high & 0x00ff_ffff) * 2 ** 32 + ((low & 0xffff_fe00) >>> 0)
  if (high >>> 24 !== 0 || (low & 0x1fe) !== 0) return 'invalid'
  if (offset === 0) return (low & 1) === 0 ? 'zeroes' : 'ones'
  return offset % clusterSize !== 0 || (low & 1) !== 0 ? 'invalid' : offset
}

function broken(message: string): BlockError {
  return new BlockError('corrupt', message)
}
