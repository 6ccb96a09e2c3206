import { BlockError } from '../../block-error.ts'
import { viewOf } from './big-endian.ts'
import { type FeatureName, featureNames } from './features.ts'

/** What may follow the fields of the header (qcow2 spec, "Header extensions"). */
export interface Extensions {
  readonly backingFormat: string | undefined
  readonly dataFile: string | undefined
  readonly featureNames: readonly FeatureName[]
  /** Extensions that we do not know, or that others write: kept as they are. */
  readonly others: readonly Extension[]
}

export interface Extension {
  readonly type: number
  readonly data: Uint8Array
}

export const noExtensions: Extensions = { backingFormat: undefined, dataFile: undefined, featureNames: [], others: [] }

const types = {
  end: 0,
  backingFormat: 0xe2792aca,
  dataFile: 0x44415441,
  featureNames: 0x6803f857,
  bitmaps: 0x23852875,
} as const

const longestFormatName = 15
const longestFileName = 1023
const featureNameSize = 48

/**
 * Reads the extensions.
 *
 * @param bytes - what lies between the fields and the end: the name of the backing file, or the end of the cluster
 * @throws {BlockError} kind `corrupt`, in QEMU's words
 */
export function parseExtensions(bytes: Uint8Array): Extensions {
  const view = viewOf(bytes)
  let backingFormat: string | undefined
  let dataFile: string | undefined
  let names: FeatureName[] = []
  const others: Extension[] = []
  for (let at = 0; at + 8 <= bytes.byteLength; ) {
    const type = view.getUint32(at)
    const length = view.getUint32(at + 4)
    at += 8
    if (length > bytes.byteLength - at) throw new BlockError('corrupt', 'Header extension too large')
    const data = bytes.slice(at, at + length)
    at += Math.ceil(length / 8) * 8
    if (type === types.end) break
    if (type === types.backingFormat) backingFormat = text(data, longestFormatName, 'backing_format')
    else if (type === types.dataFile) dataFile = text(data, longestFileName, 'data file name')
    else if (type === types.featureNames) names = parseFeatureNames(data)
    else others.push({ type, data })
  }
  return { backingFormat, dataFile, featureNames: names, others }
}

/** The extensions as bytes, with their end. */
export function encodeExtensions(extensions: Extensions, which: 'with names' | 'without names'): Uint8Array {
  const encoder = new TextEncoder()
  const { backingFormat, dataFile, others } = extensions
  const list: Extension[] = []
  if (backingFormat !== undefined) list.push({ type: types.backingFormat, data: encoder.encode(backingFormat) })
  if (dataFile !== undefined) list.push({ type: types.dataFile, data: encoder.encode(dataFile) })
  if (which === 'with names') list.push({ type: types.featureNames, data: encodeFeatureNames(featureNames) })
  list.push(...others)
  if (list.length === 0) return new Uint8Array(0)

  const sizes = list.map(({ data }) => 8 + Math.ceil(data.byteLength / 8) * 8)
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 8))
  const view = viewOf(bytes)
  let at = 0
  for (const [index, { type, data }] of list.entries()) {
    view.setUint32(at, type)
    view.setUint32(at + 4, data.byteLength)
    bytes.set(data, at + 8)
    at += sizes[index]!
  }
  return bytes
}

function text(data: Uint8Array, longest: number, what: string): string {
  if (data.byteLength > longest) {
    throw new BlockError('corrupt', `ERROR: ext_${what}: len=${data.byteLength} too large (>=${longest + 1})`)
  }
  return new TextDecoder().decode(data)
}

function parseFeatureNames(data: Uint8Array): FeatureName[] {
  const names: FeatureName[] = []
  // The last may be cut off; one without a name is the end.
  for (let at = 0; at + 2 < data.byteLength; at += featureNameSize) {
    const name = data.subarray(at + 2, at + featureNameSize)
    const end = name.indexOf(0)
    if (end === 0) break
    names.push({
      type: data[at]!,
      bit: data[at + 1]!,
      name: new TextDecoder().decode(end === -1 ? name : name.subarray(0, end)),
    })
  }
  return names
}

function encodeFeatureNames(names: readonly FeatureName[]): Uint8Array {
  const bytes = new Uint8Array(names.length * featureNameSize)
  for (const [index, { type, bit, name }] of names.entries()) {
    bytes.set([type, bit], index * featureNameSize)
    bytes.set(new TextEncoder().encode(name), index * featureNameSize + 2)
  }
  return bytes
}
