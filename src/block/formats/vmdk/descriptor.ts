import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../graph/node.ts'
import { readPadded } from '../read-only-image.ts'

/** More text than this is not looked at. */
const largest = 2 ** 20 - 1
/** What is looked at where only the identifiers and the parent are wanted. */
const identityLength = 20 * 512

/** Kinds of images whose extents are listed in a text. */
const listedTypes: ReadonlySet<string> = new Set([
  'monolithicFlat',
  'vmfs',
  'vmfsSparse',
  'seSparse',
  'twoGbMaxExtentSparse',
  'twoGbMaxExtentFlat',
])

export type ExtentType = 'FLAT' | 'VMFS' | 'SPARSE' | 'VMFSSPARSE'

/** A file with a part of the disk, as the text names it. */
export interface ListedExtent {
  readonly type: ExtentType
  readonly filename: string
  /** Guest bytes. */
  readonly length: number
  /** Where they begin in the file; 0 for sparse extents. */
  readonly offset: number
}

/** What an image says of itself and of the one behind it. */
export interface Identity {
  readonly cid: number
  readonly parentCid: number
  /** The file of the image that shows where this one holds nothing. */
  readonly parent: string | undefined
}

/** Reads the text that describes an image. @throws {BlockError} kinds `invalid`, `io` */
export async function readDescriptor(file: BlockNode, offset: number): Promise<string> {
  return readText(file, offset, Math.min(largest, Math.max(0, file.length - offset)))
}

/** @throws {BlockError} kind `invalid`, if an image has no identifier */
export async function readIdentity(file: BlockNode, offset: number): Promise<Identity> {
  const text = await readText(file, offset, identityLength)
  return {
    cid: identifier(file, text, 'CID='),
    parentCid: identifier(file, text, 'parentCID='),
    parent: /parentFileNameHint="([^"]*)"/.exec(text)?.[1],
  }
}

/** The kind of image, which says how its extents are kept. @throws {BlockError} kinds `invalid`, `unsupported` */
export function listedType(text: string): string {
  const type = /createType="([^"\n]*)"/.exec(text)?.[1]
  if (type === undefined) throw new BlockError('invalid', 'invalid VMDK image descriptor')
  if (!listedTypes.has(type)) throw new BlockError('unsupported', `Unsupported image type '${type}'`)
  return type
}

const extentLine = /^\s*(\S{1,10})\s+(-?\d+)\s*(\S{1,10})\s*"([^\n\r"]{1,511})"(?:\s*(-?\d+))?/
/** What begins as the line of an extent: how the guest may use it, how long it is, of which kind. */
const beginsAsExtent = /^\s*(RW|RDONLY|NOACCESS)\s+-?\d+\s+([^\s"]+)/

/**
 * The extents in the order of the disk. Lines that are none are passed over.
 *
 * QEMU passes over extents, too, that it does not know, and then shows a disk without them.
 *
 * @throws {BlockError} kind `invalid`, or `unsupported` for extents that are not read
 */
export function listedExtents(text: string): ListedExtent[] {
  const extents: ListedExtent[] = []
  for (const line of text.split('\n')) {
    const [, access, kind] = beginsAsExtent.exec(line) ?? []
    if (access === undefined) continue
    if (!isExtentType(kind!)) throw new BlockError('unsupported', `Unsupported extent type '${kind}'`)
    if (access !== 'RW') throw new BlockError('unsupported', `Unsupported extent access '${access}'`)
    extents.push(readExtentLine(line, kind))
  }
  if (extents.length === 0) throw new BlockError('invalid', 'invalid VMDK image descriptor')
  return extents
}

/** @throws {BlockError} kind `invalid` */
function readExtentLine(line: string, type: ExtentType): ListedExtent {
  const [, , sectors, , filename, offsetText] = extentLine.exec(line) ?? []
  const offset = offsetText === undefined ? undefined : Number(offsetText)
  const fits = type === 'FLAT' ? offset !== undefined && offset >= 0 : offset === undefined
  if (filename === undefined || !fits || Number(sectors) <= 0) {
    throw new BlockError('invalid', `Invalid extent line: ${line}`)
  }
  return { type, filename, length: Number(sectors) * 512, offset: (offset ?? 0) * 512 }
}

function isExtentType(text: string): text is ExtentType {
  return text === 'FLAT' || text === 'VMFS' || text === 'SPARSE' || text === 'VMFSSPARSE'
}

function identifier({ filename }: BlockNode, text: string, key: string): number {
  const start = text.indexOf(key)
  const digits =
    start < 0 ? undefined : /^\s*(?:0x)?([0-9a-f]{1,8})/i.exec(text.slice(start + key.length, start + 40))?.[1]
  if (digits === undefined) throw new BlockError('invalid', `Could not open '${filename}': Invalid argument`)
  return Number.parseInt(digits, 16)
}

/** Text up to the first zero; it is in no encoding that matters here. */
async function readText(file: BlockNode, offset: number, length: number): Promise<string> {
  const bytes = new Uint8Array(length)
  await readPadded(file, offset, bytes)
  const end = bytes.indexOf(0)
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8')
}
