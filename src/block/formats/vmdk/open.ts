import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { ChildRole, FormatDefinition, FormatRequest, ImageDetails } from '../../open/driver.ts'
import { checkReadOnly, type Place, ReadOnlyImage } from '../read-only-image.ts'
import { createVmdk } from './create.ts'
import {
  type Identity,
  type ListedExtent,
  listedExtents,
  listedType,
  readDescriptor,
  readIdentity,
} from './descriptor.ts'
import { type Extent, flatExtent } from './extent.ts'
import { readSparseHeader, sparseExtent, sparseKind } from './sparse-extent.ts'

/** Where the text stands that describes a sparse image. */
const identityOffset = 0x200

interface NamedExtent extends Extent {
  readonly role: ChildRole
  /** The word of the list; empty, if the image is its own extent. */
  readonly type: string
}

interface Contents {
  readonly createType: string
  readonly identityOffset: number
  readonly extents: readonly NamedExtent[]
}

/** VMware's format: a text that lists files with parts of the disk, or all in one file. */
export const vmdk: FormatDefinition = {
  name: 'vmdk',
  namesFiles: true,
  notWritten: true,
  checksFirst: true,

  async open(request: FormatRequest): Promise<ReadOnlyImage> {
    const { file, readOnly, openChild } = request
    checkReadOnly(readOnly, 'vmdk', file.filename, request.forCheck)
    const kind = await sparseKind(file)
    const contents = kind === undefined ? await openListed(request, 0) : await openSparse(request, kind)
    const identity = await readIdentity(file, contents.identityOffset)
    const named = identity.parent === undefined ? undefined : { filename: identity.parent, format: 'vmdk' }
    const backing = (await openChild('backing', named))?.node
    const extents = new Extents(contents.extents, backing, identity)
    const others = new Map<ChildRole, BlockNode>()
    for (const { role, file: node } of contents.extents) if (role !== 'file') others.set(role, node)
    if (backing !== undefined) others.set('backing', backing)
    return new ReadOnlyImage({
      name: 'vmdk',
      length: extents.length,
      file,
      others,
      details: detailsOf(contents, identity),
      find: (offset, length) => extents.find(offset, length),
      findFaults: (report) => extents.findFaults(report),
    })
  },

  create: createVmdk,
}

async function openSparse(request: FormatRequest, kind: 'hosted' | 'esx'): Promise<Contents> {
  const { file } = request
  const header = await readSparseHeader(file, kind)
  // It has no place for data of its own: its text lists the files that have.
  if (header.capacity === 0 && header.descriptorOffset > 0) return openListed(request, header.descriptorOffset * 512)
  const createType = kind === 'esx' ? 'vmfsSparse' : header.compressed ? 'streamOptimized' : 'monolithicSparse'
  const extents = [{ ...sparseExtent(file, header), role: 'file', type: '' } as const]
  return { createType, identityOffset, extents }
}

async function openListed(request: FormatRequest, offset: number): Promise<Contents> {
  if (request.file.length < 4) throw new BlockError('invalid', 'File is too small, not a valid image')
  const text = await readDescriptor(request.file, offset)
  const createType = listedType(text)
  const extents: NamedExtent[] = []
  for (const listed of listedExtents(text)) {
    const role: ChildRole = `extents.${extents.length}`
    const opened = await request.openChild(role, { filename: listed.filename, format: undefined })
    extents.push({ ...(await openExtent(opened!.node, listed)), role, type: listed.type })
  }
  return { createType, identityOffset: offset, extents }
}

async function openExtent(node: BlockNode, listed: ListedExtent): Promise<Extent> {
  if (listed.type === 'FLAT' || listed.type === 'VMFS') return flatExtent(node, listed)
  const kind = await sparseKind(node)
  if (kind === undefined) throw new BlockError('invalid', 'Image not in VMDK format')
  return sparseExtent(node, await readSparseHeader(node, kind))
}

function detailsOf({ createType, extents }: Contents, { cid, parentCid, parent }: Identity): ImageDetails {
  const [first] = extents
  const alike = extents.every(({ grainSize }) => grainSize === first?.grainSize)
  return {
    dirty: false,
    ...(alike && first?.grainSize !== undefined && { clusterSize: first.grainSize }),
    ...(parent !== undefined && { backingFilename: parent, backingFormat: 'vmdk' }),
    formatSpecific: {
      type: 'vmdk',
      data: {
        cid,
        'parent-cid': parentCid,
        'create-type': createType,
        extents: extents.map(({ compressed, length, file, grainSize, type }) => ({
          ...(compressed && { compressed }),
          'virtual-size': length,
          filename: file.filename,
          ...(grainSize !== undefined && { 'cluster-size': grainSize }),
          format: type,
        })),
      },
    },
  }
}

/** The parts of a disk, one after the other, and what is behind them. */
class Extents {
  readonly length: number
  readonly #extents: readonly (NamedExtent & { readonly start: number })[]
  readonly #backing: BlockNode | undefined
  readonly #identity: Identity
  #checked: Promise<void> | undefined

  constructor(extents: readonly NamedExtent[], backing: BlockNode | undefined, identity: Identity) {
    let start = 0
    this.#extents = extents.map((extent) => {
      const placed = { ...extent, start }
      start += extent.length
      return placed
    })
    if (!Number.isSafeInteger(start)) throw new BlockError('invalid', 'File too large')
    this.length = start
    this.#backing = backing
    this.#identity = identity
  }

  /** Looks whether each piece lies in its file: none has a fault, or the first one ends it. @throws {BlockError} */
  async findFaults(report: (text: string) => void): Promise<number> {
    for (const { start, length, grainSize, file, place } of this.#extents) {
      for (let at = 0; at < length; at += (grainSize ?? 0) || length) {
        const offset = await place(at)
        if (offset === undefined || offset < file.length) continue
        report(`ERROR: cluster offset for sector ${(start + at) / 512} points after EOF`)
        throw new BlockError('invalid', 'Invalid argument')
      }
    }
    return 0
  }

  async find(offset: number, length: number): Promise<Place> {
    const { start, find } = this.#at(offset)
    const place = await find(offset - start, length)
    const isBehind = place.stored === undefined && place.unpack === undefined && place.zero !== true
    if (isBehind && this.#backing !== undefined) await (this.#checked ??= this.#check(this.#backing))
    return place
  }

  #at(offset: number): Extent & { readonly start: number } {
    let [low, high] = [0, this.#extents.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.#extents[middle]!.start <= offset) low = middle
      else high = middle - 1
    }
    return this.#extents[low]!
  }

  /** What is behind must still be what it was when this image was made. @throws {BlockError} kind `invalid` */
  async #check(backing: BlockNode): Promise<void> {
    const specific = (await backing.details()).formatSpecific
    if (specific?.['type'] !== 'vmdk') return
    const { cid } = specific['data'] as { readonly cid: number }
    if (cid !== this.#identity.parentCid) throw new BlockError('invalid', 'Invalid argument')
  }
}
