import { BlockError } from '../../block-error.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { VmdkPlan } from './create-options.ts'

const sector = 512
/** In sectors. */
const grain = 128
const tableEntries = 512
/** Sectors of a table. */
const tableLength = (tableEntries * 4) / sector
/** Where the text is, in bytes, and the most that it may have. */
export const descriptorOffset = sector
const descriptorSectors = 20
export const largestDescriptor = descriptorSectors * sector
/** Entries of a directory that are written at once. */
const pageEntries = 2 ** 16

/** Where everything is in an extent, in sectors. */
interface SparseLayout {
  readonly capacity: number
  readonly zeroedGrain: boolean
  readonly compressed: boolean
  readonly tables: number
  /** Of the tables, and of their copies, which come first. */
  readonly directories: readonly [copies: number, tables: number]
  /** Of a directory. */
  readonly directoryLength: number
  /** Where the first piece of the disk is. */
  readonly dataOffset: number
}

/** @param size - guest bytes @throws {BlockError} if the extent would be too long for its pointers */
export function planSparse(size: number, { zeroedGrain, subformat }: VmdkPlan): SparseLayout {
  const capacity = size / sector
  const tables = Math.ceil(capacity / (tableEntries * grain))
  const directoryLength = Math.ceil((tables * 4) / sector)
  const copies = 1 + descriptorSectors
  const directory = copies + directoryLength + tables * tableLength
  const end = directory + directoryLength + tables * tableLength
  // A table's place is 32 bits of sectors.
  if (end > 2 ** 32 - 1) throw new BlockError('invalid', 'File too large', { code: 'EFBIG' })
  return {
    capacity,
    zeroedGrain,
    compressed: subformat === 'streamOptimized',
    tables,
    directories: [copies, directory],
    directoryLength,
    dataOffset: Math.ceil(end / grain) * grain,
  }
}

/** Writes an extent of which nothing has a place; the text that describes it is not written. */
export async function writeSparse(file: BlockNode, layout: SparseLayout): Promise<void> {
  await file.truncate(0)
  await file.truncate(layout.dataOffset * sector)
  for (const place of layout.directories) await writeDirectory(file, place, layout)
  // The header comes last: what is not complete is no image.
  await file.write(0, encodeHeader(layout))
}

/** Its tables follow a directory. */
async function writeDirectory(file: BlockNode, place: number, { tables, directoryLength }: SparseLayout) {
  const first = place + directoryLength
  for (let start = 0; start < tables; start += pageEntries) {
    const page = Buffer.alloc(Math.min(pageEntries, tables - start) * 4)
    for (let at = 0; at < page.length; at += 4) page.writeUInt32LE(first + (start + at / 4) * tableLength, at)
    await file.write(place * sector + start * 4, page)
  }
}

function encodeHeader(layout: SparseLayout): Uint8Array {
  const { capacity, zeroedGrain, compressed, directories, dataOffset } = layout
  const header = Buffer.alloc(sector)
  header.write('KDMV', 0, 'latin1')
  header.writeUInt32LE(compressed ? 3 : zeroedGrain ? 2 : 1, 4)
  // Bits: ends of lines can be tested, there is a second directory, zeroes, pieces are deflated, and marked.
  header.writeUInt32LE(3 | (zeroedGrain ? 4 : 0) | (compressed ? 0x30000 : 0), 8)
  const places = [capacity, grain, descriptorOffset / sector, descriptorSectors]
  for (const [index, value] of places.entries()) header.writeBigUInt64LE(BigInt(value), 12 + index * 8)
  header.writeUInt32LE(tableEntries, 44)
  for (const [index, value] of [...directories, dataOffset].entries()) {
    header.writeBigUInt64LE(BigInt(value), 48 + index * 8)
  }
  // The ends of lines of all systems: a copy that was made as text has others.
  header.write('\n \r\n', 73, 'latin1')
  header.writeUInt16LE(compressed ? 1 : 0, 77)
  return header
}
