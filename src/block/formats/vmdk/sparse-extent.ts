import { inflateSync } from 'node:zlib'
import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../graph/node.ts'
import { type Place, readTable } from '../read-only-image.ts'
import { TablePages } from '../table-pages.ts'
import type { Extent } from './extent.ts'

const sector = 512
export const magics = { esx: 'COWD', hosted: 'KDMV' } as const

const flags = { zeroGrains: 1 << 2, markers: 1 << 17 } as const
const compressions = { none: 0, deflate: 1 } as const
/** The directory's place is in a copy of the header at the end: whoever wrote the image could not go back. */
const directoryAtEnd = 2n ** 64n - 1n
const footer = { distance: 1536, type: 3 } as const
const [largestTable, largestDirectory, largestGrain] = [512, 32 * 2 ** 20, 0x200000]
/** In sectors. VMware's are of 128; one is in memory as a whole. */
const largestCompressedGrain = 4096
/** Before the bytes of a compressed piece: which it is, and how many bytes. */
const markerSize = 12

/** What the header of a sparse extent says. Sizes in sectors. */
export interface SparseHeader {
  readonly capacity: number
  /** Where the text is that describes the image; 0, if there is none. */
  readonly descriptorOffset: number
  readonly compressed: boolean
  readonly grain: number
  readonly directory: { readonly offset: number; readonly entries: number; readonly tableEntries: number }
  readonly zeroGrains: boolean
  readonly markers: boolean
}

/** Which kind of sparse extent a file is, if it is one. */
export async function sparseKind(file: BlockNode): Promise<keyof typeof magics | undefined> {
  const view = await readTable(file, 0, 4)
  const magic = Buffer.from(view.buffer).toString('latin1')
  return magic === magics.hosted ? 'hosted' : magic === magics.esx ? 'esx' : undefined
}

/** @throws {BlockError} in QEMU's words, of kind `invalid` or `unsupported` */
export async function readSparseHeader(file: BlockNode, kind: keyof typeof magics): Promise<SparseHeader> {
  return kind === 'hosted' ? readHosted(file) : readEsx(file)
}

/** A sparse extent by its header. @throws {BlockError} kind `invalid` */
export function sparseExtent(file: BlockNode, header: SparseHeader): Extent {
  const { grain, directory, compressed, capacity } = header
  if (grain > largestGrain) throw invalid('Invalid granularity, image may be corrupt')
  if (directory.entries > largestDirectory) throw invalid('L1 size too big')
  if (compressed && grain > largestCompressedGrain) throw invalid('Invalid granularity, image may be corrupt')
  const grains = new Grains(file, header)
  return {
    file,
    length: capacity * sector,
    grainSize: grain * sector,
    compressed,
    find: (offset, length) => grains.find(offset, length),
    place: (offset) => grains.place(offset),
  }
}

async function readHosted(file: BlockNode): Promise<SparseHeader> {
  let view = await readTable(file, 0, sector)
  const descriptorOffset = Number(view.getBigUint64(28, true))
  if (view.getBigUint64(56, true) === directoryAtEnd) view = await readFooter(file)
  const compression = view.getUint16(77, true)
  const compressed = compression === compressions.deflate
  const version = view.getUint32(4, true)
  if (version > 3) throw new BlockError('unsupported', `Unsupported VMDK version ${version}`)
  // QEMU takes what is packed in another way for plain bytes.
  if (!compressed && compression !== compressions.none) {
    throw new BlockError('unsupported', `Unsupported VMDK compression algorithm ${compression}`)
  }
  const tableEntries = view.getUint32(44, true)
  if (tableEntries > largestTable) throw invalid('L2 table size too big')
  const [capacity, grain] = [size(view, 12), size(view, 20)]
  if (tableEntries * grain === 0) throw invalid('L1 entry size is invalid')
  const overhead = size(view, 64)
  if (file.length < overhead * sector) {
    throw invalid(`File truncated, expecting at least ${overhead * sector} bytes`)
  }
  const set = view.getUint32(8, true)
  return {
    capacity,
    descriptorOffset,
    compressed,
    grain,
    directory: {
      offset: size(view, 56) * sector,
      entries: Math.ceil(capacity / (tableEntries * grain)),
      tableEntries,
    },
    zeroGrains: (set & flags.zeroGrains) !== 0,
    markers: (set & flags.markers) !== 0,
  }
}

/** The header's copy at the end, between two markers. */
async function readFooter(file: BlockNode): Promise<DataView> {
  const view = await readTable(file, Math.max(0, file.length - footer.distance), footer.distance)
  const header = new DataView(view.buffer, sector, sector)
  const isFooter = view.getUint32(8, true) === 0 && view.getUint32(12, true) === footer.type
  const isEnd = view.getUint32(2 * sector + 8, true) === 0 && view.getUint32(2 * sector + 12, true) === 0
  if (!isFooter || !isEnd || Buffer.from(view.buffer, sector, 4).toString('latin1') !== magics.hosted)
    throw invalid('Invalid footer')
  return header
}

async function readEsx(file: BlockNode): Promise<SparseHeader> {
  const view = await readTable(file, 0, sector)
  return {
    capacity: view.getUint32(12, true),
    descriptorOffset: 0,
    compressed: false,
    grain: view.getUint32(16, true),
    directory: { offset: view.getUint32(20, true) * sector, entries: view.getUint32(24, true), tableEntries: 4096 },
    zeroGrains: false,
    markers: false,
  }
}

/** Grain tables that are kept. */
const keptTables = 16

/** Pieces of the disk, each with its place in the file: a directory of tables says where. */
class Grains {
  readonly #file: BlockNode
  readonly #header: SparseHeader
  readonly #directory: TablePages
  /** Those used last come last. */
  readonly #tables = new Map<number, TablePages>()
  #unpacked: { readonly offset: number; readonly bytes: Promise<Uint8Array> } | undefined

  constructor(file: BlockNode, header: SparseHeader) {
    this.#file = file
    this.#header = header
    this.#directory = new TablePages(file, { ...header.directory, littleEndian: true })
  }

  async find(offset: number, length: number): Promise<Place> {
    const { grain, directory, compressed, zeroGrains, capacity } = this.#header
    const grainSize = grain * sector
    const index = Math.floor(offset / grainSize)
    const within = offset % grainSize
    const wanted = Math.min(length, capacity * sector - offset)
    const run = Math.min(wanted, grainSize - within)
    const entry = await this.#entry(Math.floor(index / directory.tableEntries), index % directory.tableEntries)
    if (entry === 0) return { length: run }
    if (entry === 1 && zeroGrains) return { length: run, zero: true }
    if (!compressed) return { length: run, stored: { node: this.#file, offset: entry * sector + within } }
    return { length: run, unpack: () => this.#unpack(entry * sector, grainSize), skip: within }
  }

  async place(offset: number): Promise<number | undefined> {
    const { grain, directory, zeroGrains } = this.#header
    const index = Math.floor(offset / (grain * sector))
    const entry = await this.#entry(Math.floor(index / directory.tableEntries), index % directory.tableEntries)
    return entry === 0 || (entry === 1 && zeroGrains) ? undefined : entry * sector
  }

  /** The sector of a grain; 0, if it is nowhere. */
  async #entry(table: number, index: number): Promise<number> {
    if (table >= this.#directory.entries) throw new BlockError('io', 'Input/output error')
    const at = (await this.#directory.page(table)).at(table)
    if (at === 0) return 0
    const pages = this.#tables.get(at) ?? this.#tablePages(at)
    this.#tables.delete(at)
    this.#tables.set(at, pages)
    if (this.#tables.size > keptTables) this.#tables.delete(this.#tables.keys().next().value!)
    return (await pages.page(index)).at(index)
  }

  #tablePages(at: number): TablePages {
    const entries = this.#header.directory.tableEntries
    return new TablePages(this.#file, { offset: at * sector, entries, littleEndian: true })
  }

  /** The one unpacked last is kept: who reads in order asks for each several times. */
  #unpack(offset: number, grainSize: number): Promise<Uint8Array> {
    if (this.#unpacked?.offset !== offset) {
      const bytes = this.#inflate(offset, grainSize)
      this.#unpacked = { offset, bytes }
      bytes.catch(() => (this.#unpacked = undefined))
    }
    return this.#unpacked!.bytes
  }

  async #inflate(offset: number, grainSize: number): Promise<Uint8Array> {
    const before = this.#header.markers ? markerSize : 0
    const marker = await readTable(this.#file, offset, markerSize)
    const length = this.#header.markers ? marker.getUint32(8, true) : grainSize * 2
    if (length === 0 || length > grainSize * 2) throw invalid('Invalid argument')
    const packed = await readTable(this.#file, offset + before, length)
    try {
      return inflateSync(packed, { maxOutputLength: grainSize })
    } catch (cause) {
      throw new BlockError('invalid', 'Invalid argument', {}, { cause })
    }
  }
}

/** @throws {BlockError} if it is more than can be counted in bytes */
function size(view: DataView, offset: number): number {
  const value = view.getBigUint64(offset, true)
  if (value > BigInt(Number.MAX_SAFE_INTEGER) / BigInt(sector)) throw invalid('File too large')
  return Number(value)
}

function invalid(message: string): BlockError {
  return new BlockError('invalid', message)
}
