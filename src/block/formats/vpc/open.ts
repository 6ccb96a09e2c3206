import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { FormatDefinition, FormatRequest } from '../../open/driver.ts'
import { checkReadOnly, type Place, ReadOnlyImage, readTable } from '../read-only-image.ts'
import { TablePages } from '../table-pages.ts'
import { createVpc } from './create.ts'
import {
  checksum,
  checksumOffset,
  cookie,
  footerSize,
  headerCookie,
  headerSize,
  largestGeometry,
  largestSectors,
  sector,
  types,
  unallocated,
} from './footer.ts'

const largestMap = 0x1fffffff

/** Microsoft's format for virtual disks, in its older form (VHD): fixed, or with blocks that come when they are written. */
export const vpc: FormatDefinition = {
  name: 'vpc',
  notWritten: true,

  async open({ file, readOnly, options, forCheck }: FormatRequest): Promise<ReadOnlyImage> {
    checkReadOnly(readOnly, 'vpc', file.filename, forCheck)
    const sizing = readSizing(options.takeString('force_size_calc'))
    const footer = await readFooter(file)
    if (checksum(bytesOf(footer), checksumOffset) !== footer.getUint32(checksumOffset))
      throw invalid('Incorrect header checksum')
    const type = footer.getUint32(60)
    if (type !== types.fixed && type !== types.dynamic) throw invalid('Unsupported or invalid VHD type')
    const length = sizeOf(footer, sizing) * sector
    if (type === types.fixed) {
      return new ReadOnlyImage({
        name: 'vpc',
        length,
        file,
        details: { dirty: false },
        find: async (offset, wanted) => ({ length: wanted, stored: { node: file, offset }, preallocated: true }),
      })
    }
    const map = await readMap(file, footer, length)
    return new ReadOnlyImage({
      name: 'vpc',
      length,
      file,
      details: { clusterSize: map.blockSize, dirty: false },
      find: (offset, wanted) => findBlock(file, map, offset, wanted),
    })
  },

  create: createVpc,
}

/** The footer, or its copy at the beginning of an image that grows. @throws {BlockError} kind `invalid` */
async function readFooter(file: BlockNode): Promise<DataView> {
  const copy = await readTable(file, 0, footerSize)
  if (isFooter(copy)) return copy
  if (file.length < footerSize) throw invalid('File too small for a VHD header')
  const footer = await readTable(file, file.length - footerSize, footerSize)
  if (!isFooter(footer) || footer.getUint32(60) !== types.fixed) throw invalid('invalid VPC image')
  return footer
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function isFooter(view: DataView): boolean {
  for (let index = 0; index < cookie.length; index++) {
    if (view.getUint8(index) !== cookie.charCodeAt(index)) return false
  }
  return true
}

type Sizing = 'chs' | 'current_size' | undefined

/** @throws {BlockError} kind `invalid` */
function readSizing(word: string | undefined): Sizing {
  if (word === undefined || word === 'chs' || word === 'current_size') return word
  throw new BlockError('invalid', 'Invalid size calculation algorithm', { option: 'force_size_calc' })
}

/** Programs whose images are as long as their footer says; those of others are as long as their geometry. */
const exactCreators = ['win ', 'qem2', 'd2v ', 'tap\0', 'vs  ', 'wa\0\0']

/** In sectors. @throws {BlockError} kind `invalid` */
function sizeOf(footer: DataView, sizing: Sizing): number {
  const geometry = footer.getUint16(56) * footer.getUint8(58) * footer.getUint8(59)
  const current = Number(footer.getBigUint64(48) / BigInt(sector))
  const creator = String.fromCharCode(...[28, 29, 30, 31].map((at) => footer.getUint8(at)))
  const exact = sizing === undefined ? exactCreators.includes(creator) : sizing === 'current_size'
  const sectors = exact || geometry === largestGeometry ? current : geometry
  if (sectors > largestSectors) throw new BlockError('invalid', 'File too large')
  return sectors
}

interface BlockMap {
  readonly blockSize: number
  /** Of the bitmap before each block. */
  readonly bitmapSize: number
  readonly table: TablePages
}

/** @throws {BlockError} in QEMU's words */
async function readMap(file: BlockNode, footer: DataView, length: number): Promise<BlockMap> {
  const headerOffset = place(footer.getBigInt64(16), 'Error reading dynamic VHD header')
  if (headerOffset === undefined) throw invalid('Invalid header magic')
  const header = await readTable(file, headerOffset, headerSize)
  if (String.fromCharCode(...new Uint8Array(header.buffer, 0, 8)) !== headerCookie) {
    throw invalid('Invalid header magic')
  }
  const blockSize = header.getUint32(32)
  if (blockSize < sector || (blockSize & (blockSize - 1)) !== 0) {
    throw invalid(`Invalid block size ${blockSize}`)
  }
  const count = header.getUint32(28)
  if (count * blockSize < length) throw invalid('Page table too small')
  // A count is a signed number where QEMU prints it.
  if (count > largestMap) throw invalid(`Max Table Entries too large (${count | 0})`)
  const offset = place(header.getBigInt64(16), 'Error reading pagetable')
  if (offset === undefined) throw truncated()
  const bitmapSize = Math.ceil(blockSize / sector / 8 / sector) * sector
  const table = new TablePages(file, { offset, entries: count, littleEndian: false })
  await checkEnd(file, { blockSize, bitmapSize, table }, offset)
  return { blockSize, bitmapSize, table }
}

/** Looks whether the table and every block lie in the file. @throws {BlockError} kind `invalid`, in QEMU's words */
async function checkEnd(file: BlockNode, { blockSize, bitmapSize, table }: BlockMap, offset: number): Promise<void> {
  let end = offset + table.entries * 4
  for (let index = 0; index < table.entries && end <= file.length; ) {
    const page = await table.page(index)
    for (; index < page.end; index++) {
      const entry = page.at(index)
      if (entry !== unallocated) end = Math.max(end, entry * sector + bitmapSize + blockSize)
    }
  }
  if (end > file.length) throw truncated()
}

async function findBlock(
  file: BlockNode,
  { blockSize, bitmapSize, table }: BlockMap,
  offset: number,
  length: number,
): Promise<Place> {
  const first = Math.floor(offset / blockSize)
  const within = offset % blockSize
  const page = await table.page(first)
  const start = page.at(first)
  let run = Math.min(length, blockSize - within)
  if (start !== unallocated)
    return { length: run, stored: { node: file, offset: start * sector + bitmapSize + within } }
  for (let block = first + 1; run < length && block < page.end && page.at(block) === unallocated; block++) {
    run = Math.min(length, run + blockSize)
  }
  return { length: run, zero: true }
}

/**
 * Where a structure lies, in bytes; `undefined` behind the end of any file, where everything reads as zeroes.
 * @throws {BlockError} kind `invalid` with this message, if it is before the beginning
 */
function place(offset: bigint, unreadable: string): number | undefined {
  if (offset < 0n) throw invalid(unreadable)
  return offset > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(offset)
}

function truncated(): BlockError {
  return invalid('block-vpc: free_data_block_offset points after the end of file. The image has been truncated.')
}

function invalid(message: string): BlockError {
  return new BlockError('invalid', message)
}
