import { BlockError, type BlockErrorContext } from '../../block-error.ts'
import { getUint64, setUint64, viewOf } from './big-endian.ts'
import { type Extensions, encodeExtensions } from './extensions.ts'
import { incompatible } from './features.ts'

/** The fields of an image's first cluster (qcow2 spec, "Header"), as they stand there. */
export interface Header {
  readonly version: 2 | 3
  readonly backingOffset: number
  readonly backingLength: number
  readonly clusterBits: number
  /** Guest bytes. */
  readonly size: number
  readonly cryptMethod: number
  readonly l1Size: number
  readonly l1Offset: number
  readonly refcountTableOffset: number
  readonly refcountTableClusters: number
  readonly snapshotCount: number
  readonly snapshotsOffset: number
  readonly incompatible: bigint
  readonly compatible: bigint
  readonly autoclear: bigint
  readonly refcountOrder: number
  readonly headerLength: number
  readonly compressionType: number
  /** Fields that a later version has added: kept as they are. */
  readonly unknownFields: Uint8Array
}

/** Where fields stand that change while an image is open. */
export const headerFields = {
  size: 24,
  l1Size: 36,
  l1Offset: 40,
  refcountTableOffset: 48,
  refcountTableClusters: 56,
  snapshotCount: 60,
  snapshotsOffset: 64,
  incompatible: 72,
  compatible: 80,
  autoclear: 88,
} as const

/** `QFI` and 0xfb. */
const magic = 0x514649fb
const lengthOfVersion2 = 72
const shortestOfVersion3 = 104
/** With all fields that we know. */
const longestHeader = 112

/** Enough to find out how large a cluster is. */
export const headerStart = 112

export const compressionTypes = { deflate: 0, zstd: 1 } as const

/**
 * Reads the fields, and checks what decides where the others stand.
 *
 * @param bytes - the first bytes of the image, at most a cluster; zeroes where it is shorter
 * @throws {BlockError} in QEMU's words
 */
export function parseHeader(bytes: Uint8Array): Header {
  const view = viewOf(bytes)
  if (view.getUint32(0) !== magic) throw damaged('Image is not in qcow2 format')
  const version = view.getUint32(4)
  if (version !== 2 && version !== 3) throw unsupported(`Unsupported qcow2 version ${version}`)
  const clusterBits = view.getUint32(20)
  if (clusterBits < 9 || clusterBits > 21) throw damaged(`Unsupported cluster size: 2^${clusterBits}`)
  const headerLength = version === 2 ? lengthOfVersion2 : view.getUint32(100)
  if (version === 3 && headerLength < shortestOfVersion3) throw damaged('qcow2 header too short')
  if (headerLength > 2 ** clusterBits) throw damaged('qcow2 header exceeds cluster size')
  const backingOffset = getUint64(view, 8)
  if (backingOffset > 2 ** clusterBits) throw damaged('Invalid backing file offset')
  return {
    version,
    backingOffset,
    backingLength: view.getUint32(16),
    clusterBits,
    size: getUint64(view, headerFields.size),
    cryptMethod: view.getUint32(32),
    l1Size: view.getUint32(headerFields.l1Size),
    l1Offset: getUint64(view, headerFields.l1Offset),
    refcountTableOffset: getUint64(view, headerFields.refcountTableOffset),
    refcountTableClusters: view.getUint32(headerFields.refcountTableClusters),
    snapshotCount: view.getUint32(headerFields.snapshotCount),
    snapshotsOffset: getUint64(view, headerFields.snapshotsOffset),
    incompatible: version === 2 ? 0n : view.getBigUint64(headerFields.incompatible),
    compatible: version === 2 ? 0n : view.getBigUint64(headerFields.compatible),
    autoclear: version === 2 ? 0n : view.getBigUint64(headerFields.autoclear),
    refcountOrder: version === 2 ? 4 : view.getUint32(96),
    headerLength,
    compressionType: headerLength > shortestOfVersion3 ? view.getUint8(104) : compressionTypes.deflate,
    unknownFields: bytes.slice(longestHeader, headerLength),
  }
}

/** What follows the fields in the first cluster. */
export interface HeaderContents {
  readonly extensions: Extensions
  readonly backingFilename: string | undefined
}

/**
 * The first cluster of an image: the fields (those that depend on the contents are set here), the extensions and the
 * name of the backing file. Names of features are left out where they do not fit.
 *
 * @throws {BlockError} kind `invalid`, if the cluster is too small
 */
export function encodeHeader(header: Header, { extensions, backingFilename }: HeaderContents): Uint8Array {
  const clusterSize = 2 ** header.clusterBits
  const headerLength = header.version === 2 ? lengthOfVersion2 : longestHeader + header.unknownFields.byteLength
  const name = new TextEncoder().encode(backingFilename ?? '')
  const room = clusterSize - headerLength - name.byteLength
  const encoded = encodeExtensions(extensions, header.version === 2 ? 'without names' : 'with names')
  const fitting = encoded.byteLength <= room ? encoded : encodeExtensions(extensions, 'without names')
  if (fitting.byteLength > room) throw new BlockError('invalid', 'The header does not fit into one cluster')

  const bytes = new Uint8Array(clusterSize)
  const view = viewOf(bytes)
  const backingOffset = name.byteLength > 0 ? headerLength + fitting.byteLength : 0
  view.setUint32(0, magic)
  view.setUint32(4, header.version)
  setUint64(view, 8, backingOffset)
  view.setUint32(16, name.byteLength)
  view.setUint32(20, header.clusterBits)
  setUint64(view, headerFields.size, header.size)
  view.setUint32(32, header.cryptMethod)
  view.setUint32(headerFields.l1Size, header.l1Size)
  setUint64(view, headerFields.l1Offset, header.l1Offset)
  setUint64(view, headerFields.refcountTableOffset, header.refcountTableOffset)
  view.setUint32(headerFields.refcountTableClusters, header.refcountTableClusters)
  view.setUint32(headerFields.snapshotCount, header.snapshotCount)
  setUint64(view, headerFields.snapshotsOffset, header.snapshotsOffset)
  if (header.version === 3) {
    view.setBigUint64(headerFields.incompatible, header.incompatible)
    view.setBigUint64(headerFields.compatible, header.compatible)
    view.setBigUint64(headerFields.autoclear, header.autoclear)
    view.setUint32(96, header.refcountOrder)
    view.setUint32(100, headerLength)
    view.setUint8(104, header.compressionType)
    bytes.set(header.unknownFields, longestHeader)
  }
  bytes.set(fitting, headerLength)
  bytes.set(name, backingOffset)
  return bytes
}

/** Changes of fields, as they go to the file: neighbours that change together in one piece. */
export function encodeFields(
  changes: Partial<Pick<Header, keyof typeof headerFields>>,
): { readonly offset: number; readonly value: Uint8Array }[] {
  const pieces: { offset: number; value: Uint8Array }[] = []
  for (const name of Object.keys(headerFields) as (keyof typeof headerFields)[]) {
    const change = changes[name]
    if (change === undefined) continue
    const offset = headerFields[name]
    const value = new Uint8Array(shortFields.has(name) ? 4 : 8)
    if (typeof change === 'bigint') viewOf(value).setBigUint64(0, change)
    else if (value.byteLength === 4) viewOf(value).setUint32(0, change)
    else setUint64(viewOf(value), 0, change)
    const last = pieces.at(-1)
    if (last === undefined || last.offset + last.value.byteLength !== offset) pieces.push({ offset, value })
    else last.value = Uint8Array.of(...last.value, ...value)
  }
  return pieces
}

/** Fields of 32 bits among those that change. */
const shortFields: ReadonlySet<keyof typeof headerFields> = new Set([
  'l1Size',
  'refcountTableClusters',
  'snapshotCount',
])

/** As C's `%#x` prints it, in texts that are QEMU's: zero has no prefix. */
export function hexadecimal(value: number | bigint): string {
  return value === 0 || value === 0n ? '0' : `0x${value.toString(16)}`
}

/** An image whose structure is damaged. @param context - the write that has shown it, if one has */
export function damaged(message: string, context: BlockErrorContext = {}): BlockError {
  return new BlockError('corrupt', message, context)
}

/** An image that uses what we do not know. */
export function unsupported(message: string): BlockError {
  return new BlockError('unsupported', message)
}

/** In bytes (qcow2 spec, "Header": `backing_file_size`). */
export const longestBackingFilename = 1023

/** @throws {BlockError} kind `corrupt`, if an image that is to be written is marked as damaged */
export function checkNotCorrupt(header: Header): void {
  if ((header.incompatible & incompatible.corrupt) !== 0n) {
    throw damaged('qcow2: Image is corrupt; cannot be opened read/write')
  }
}
