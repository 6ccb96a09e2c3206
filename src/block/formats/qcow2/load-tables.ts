import type { BlockNode } from '../../graph/node.ts'
import { getUint64, viewOf } from './big-endian.ts'
import type { Geometry } from './geometry.ts'
import type { Header } from './header.ts'
import type { SnapshotTable } from './image.ts'
import { readSnapshots } from './snapshot-table.ts'

/** The tables that an open image has in memory, as the file has them. */

/** What lies behind the end of the file reads as zeroes. */
export async function readPadded(file: BlockNode, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  const available = Math.max(0, Math.min(length, file.length - offset))
  if (available > 0) await file.readInto(offset, bytes.subarray(0, available))
  return bytes
}

export function readL1(file: BlockNode, { l1Offset, l1Size }: Header): Promise<Uint8Array> {
  return readPadded(file, l1Offset, l1Size * 8)
}

/** Where the table of reference counts is, and the blocks that it names. */
export interface RefcountTable {
  readonly offset: number
  readonly clusters: number
  readonly blocks: Float64Array
}

export async function readRefcountTable(
  file: BlockNode,
  { refcountTableOffset: offset, refcountTableClusters: clusters }: Header,
  { clusterSize }: Geometry,
): Promise<RefcountTable> {
  const bytes = await readPadded(file, offset, clusters * clusterSize)
  const view = viewOf(bytes)
  const blocks = new Float64Array(bytes.byteLength / 8)
  for (let index = 0; index < blocks.length; index++) {
    const high = view.getUint32(index * 8)
    blocks[index] = getUint64(view, index * 8) - (view.getUint32(index * 8 + 4) % 512)
    if (high > 0x00ff_ffff) blocks[index] = blocks[index]! % 2 ** 56
  }
  return { offset, clusters, blocks }
}

/** @throws {BlockError} kind `corrupt` */
export async function readSnapshotTable(
  file: BlockNode,
  { snapshotsOffset: offset, snapshotCount: count, size: diskSize }: Header,
): Promise<SnapshotTable> {
  const read = (at: number, bytes: number): Promise<Uint8Array> => readPadded(file, at, bytes)
  const { snapshots, length } = await readSnapshots(read, { offset, count, diskSize })
  return { entries: snapshots, tableLength: length }
}
