import type { BlockNode } from '../../graph/node.ts'
import type { FormatDefinition, FormatRequest } from '../../open/driver.ts'
import { checkReadOnly, type Place, ReadOnlyImage, readTable } from '../read-only-image.ts'
import { TablePages } from '../table-pages.ts'
import { createVdi } from './create.ts'
import { blockSize, headerSize, invalid, largestMap, sector, signature, types, unsupported, version } from './header.ts'

/** A map entry from here on names no block: one that was never there, or one that has been discarded. */
const firstUnallocated = 0xfffffffe

/** VirtualBox's format: blocks of a MiB, in the order in which they were first written. */
export const vdi: FormatDefinition = {
  name: 'vdi',
  notWritten: true,
  checksFirst: true,

  async open({ file, readOnly, forCheck }: FormatRequest): Promise<ReadOnlyImage> {
    checkReadOnly(readOnly, 'vdi', file.filename, forCheck)
    const header = readHeader(await readTable(file, 0, headerSize))
    // What the file does not hold of the map, a hostile header could make endless.
    if (header.mapOffset + header.blocks * 4 > file.length) {
      throw invalid('block map lies behind the end of the image')
    }
    const map = new TablePages(file, { offset: header.mapOffset, entries: header.blocks, littleEndian: true })
    return new ReadOnlyImage({
      name: 'vdi',
      length: header.length,
      file,
      details: { clusterSize: blockSize, dirty: false },
      find: (offset, length) => findBlock(file, header, map, offset, length),
      findFaults: (report) => findFaults(header, map, report),
    })
  },

  create: createVdi,
}

interface Header {
  readonly type: number
  readonly mapOffset: number
  readonly dataOffset: number
  /** Guest bytes. */
  readonly length: number
  readonly blocks: number
  /** Blocks that have a place, by its own count. */
  readonly allocated: number
}

/** @throws {BlockError} in QEMU's words, of kind `invalid` or `unsupported` */
function readHeader(view: DataView): Header {
  const at = (offset: number): number => view.getUint32(offset, true)
  if (at(0x40) !== signature)
    throw invalid(`Image not in VDI format (bad signature ${at(0x40).toString(16).padStart(8, '0')})`)
  if (at(0x44) !== version) {
    throw unsupported(`unsupported VDI image (version ${at(0x44) >>> 16}.${at(0x44) & 0xffff})`)
  }
  const [mapOffset, dataOffset] = [at(0x154), at(0x158)]
  if (mapOffset % sector !== 0) {
    throw unsupported(`unsupported VDI image (unaligned block map offset ${hex(mapOffset)})`)
  }
  if (dataOffset % sector !== 0) throw unsupported(`unsupported VDI image (unaligned data offset ${hex(dataOffset)})`)
  if (at(0x168) !== sector) throw unsupported(`unsupported VDI image (sector size ${at(0x168)} is not 512)`)
  if (at(0x178) !== blockSize) {
    throw unsupported(`unsupported VDI image (block size ${at(0x178)} is not ${blockSize})`)
  }
  const [blocks, size] = [at(0x180), view.getBigUint64(0x170, true)]
  if (size > BigInt(largestMap) * BigInt(blockSize)) {
    throw unsupported(
      `Unsupported VDI image size (size is 0x${size.toString(16)}, max supported is 0x${(largestMap * blockSize).toString(16)})`,
    )
  }
  const length = Math.ceil(Number(size) / sector) * sector
  if (length > blocks * blockSize) {
    throw unsupported(`unsupported VDI image (disk size ${length}, image bitmap has room for ${blocks * blockSize})`)
  }
  for (const [uuid, text] of [
    [0x1a8, 'non-NULL link UUID'],
    [0x1b8, 'non-NULL parent UUID'],
  ] as const) {
    if ([0, 4, 8, 12].some((word) => at(uuid + word) !== 0)) throw unsupported(`unsupported VDI image (${text})`)
  }
  if (blocks > largestMap) {
    throw unsupported(`unsupported VDI image (too many blocks ${blocks}, max is ${largestMap})`)
  }
  return { type: at(0x4c), mapOffset, dataOffset, length, blocks, allocated: at(0x184) }
}

async function findBlock(
  file: BlockNode,
  header: Header,
  map: TablePages,
  offset: number,
  length: number,
): Promise<Place> {
  const first = Math.floor(offset / blockSize)
  const within = offset % blockSize
  const wanted = Math.min(length, header.length - offset)
  const page = await map.page(first)
  const start = page.at(first)
  let run = Math.min(wanted, blockSize - within)
  // Blocks that follow each other in the file are one stretch, and so are those that are nowhere.
  for (let block = first + 1; run < wanted && block < page.end; block++) {
    const entry = page.at(block)
    if (start >= firstUnallocated ? entry < firstUnallocated : entry !== start + block - first) break
    run = Math.min(wanted, run + blockSize)
  }
  if (start >= firstUnallocated) return { length: run, zero: true }
  const stored = { node: file, offset: header.dataOffset + start * blockSize + within }
  return { length: run, stored, preallocated: header.type === types.fixed }
}

/** Looks whether each block has a place of its own, and the header counts them rightly. @returns how many faults there are */
async function findFaults(
  { blocks, allocated }: Header,
  map: TablePages,
  report: (text: string) => void,
): Promise<number> {
  // A bit for each place; there are no more of them than the file has entries for.
  const taken = new Uint8Array(Math.ceil(blocks / 8))
  let faults = 0
  let found = 0
  const fault = (text: string): void => {
    faults++
    report(`ERROR: ${text}`)
  }
  for (let block = 0; block < blocks; block++) {
    const entry = (await map.page(block)).at(block)
    if (entry >= firstUnallocated) continue
    if (entry >= blocks) {
      fault(`block index ${block} too large, is ${entry}`)
      continue
    }
    found++
    const bit = 1 << (entry % 8)
    if ((taken[entry >> 3]! & bit) !== 0) fault(`block index ${entry} also used by ${entry}`)
    taken[entry >> 3]! |= bit
  }
  if (found !== allocated) fault(`allocated blocks mismatch, is ${found}, should be ${allocated}`)
  return faults
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}
