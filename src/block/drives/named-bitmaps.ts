import { checkBitmapName, type DirtyBitmap, defaultGranularity, using } from '../bitmaps/index.ts'
import { BlockError } from '../block-error.ts'
import type { BlockNode } from '../graph/node.ts'
import type { DriveSet } from './drive-set.ts'

/** A bitmap, by the node that it belongs to, or the drive that holds that node. */
export interface BitmapName {
  readonly node: string
  readonly name: string
}

export interface WantedBitmap extends BitmapName {
  /** In bytes. Default: a cluster, between 4 and 64 KiB. */
  readonly granularity?: number | undefined
  readonly persistent?: boolean | undefined
  /** Whether it notes nothing until somebody enables it. */
  readonly disabled?: boolean | undefined
}

export interface BitmapMerge {
  readonly node: string
  readonly target: string
  /** Bitmaps of the same node by their names, others with their node. */
  readonly sources: readonly (string | BitmapName)[]
}

export interface FoundBitmap {
  readonly image: BlockNode
  readonly bitmap: DirtyBitmap
}

/** @throws {BlockError} kind `missing` */
export function findBitmap(drives: Pick<DriveSet, 'find' | 'graph'>, { node, name }: BitmapName): FoundBitmap {
  const image = drives.find(node)?.node ?? drives.graph.find(node)
  if (image === undefined) throw new BlockError('missing', `Node '${node}' not found`)
  return { image, bitmap: image.bitmaps.named(name) }
}

/** @throws {BlockError} in QEMU's words */
export async function addBitmap(drives: DriveSet, wanted: WantedBitmap): Promise<FoundBitmap> {
  const { node, name, persistent = false, disabled = false } = wanted
  checkBitmapName(name)
  const image = drives.image({ device: node, nodeName: node })
  const granularity = wanted.granularity ?? defaultGranularity((await image.details()).clusterSize)
  const owner = drives.holding(image).find(({ id }) => id !== '')?.id ?? image.name
  const bitmap = image.bitmaps.add({ name, granularity, persistent, recording: !disabled }, owner)
  return { image, bitmap }
}

/** Notes in a bitmap what others have noted. @returns what takes that back @throws {BlockError} in QEMU's words */
export function mergeBitmaps(drives: DriveSet, { node, target, sources }: BitmapMerge): () => void {
  const { image, bitmap } = findBitmap(drives, { node, name: target })
  // One after the other: a source is looked for when those before it have been taken.
  function* found(): Generator<DirtyBitmap> {
    for (const source of sources) {
      yield typeof source === 'string' ? image.bitmaps.named(source) : findBitmap(drives, source).bitmap
    }
  }
  return image.bitmaps.merge(bitmap, found())
}

/** Switches a bitmap on or off. @returns what takes that back @throws {BlockError} in QEMU's words */
export function switchBitmap(drives: DriveSet, name: BitmapName, recording: boolean): () => void {
  const { bitmap } = findBitmap(drives, name)
  bitmap.check(using)
  const before = bitmap.recording
  bitmap.recording = recording
  return () => {
    bitmap.recording = before
  }
}
