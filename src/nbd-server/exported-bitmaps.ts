import {
  type BitmapName,
  BlockError,
  type BlockNode,
  bitmapUsing,
  type DirtyBitmap,
  type DriveSet,
  findBitmap,
} from '../block/index.ts'
import { dirtyFlag } from '../nbd/index.ts'
import { type ExportContext, firstBitmapId } from './meta-contexts.ts'

/** Where bitmaps are looked up that are not of the exported chain. */
export type BitmapPlaces = Pick<DriveSet, 'find' | 'graph'>

/** A bitmap as an export wants it: of the image or of one behind it by its name, of any other by its node too. */
export type WantedBitmap = string | BitmapName

/**
 * A bitmap that an export is to show.
 *
 * @param writable - whether clients may write
 * @throws {BlockError} in QEMU's words, if it is not there, or cannot be used, or would change under a client
 */
export function bitmapToExport(
  node: BlockNode,
  wanted: WantedBitmap,
  { writable, places }: { readonly writable: boolean; readonly places: BitmapPlaces },
): DirtyBitmap {
  if (typeof wanted === 'string') return bitmapOfImage(node, wanted, writable)
  const { bitmap } = findBitmap(places, wanted)
  bitmap.check(bitmapUsing)
  return bitmap
}

/** A bitmap of an image, or of one behind it. @throws {BlockError} as `bitmapToExport()` */
export function bitmapOfImage(node: BlockNode, name: string, writable: boolean): DirtyBitmap {
  for (let image: BlockNode | undefined = node; image !== undefined; image = image.behind) {
    const bitmap = image.bitmaps.find(name)
    if (bitmap === undefined) continue
    if (!writable && !image.readOnly && bitmap.recording) {
      throw new BlockError('invalid', `Enabled bitmap '${name}' incompatible with readonly export`)
    }
    bitmap.check(bitmapUsing)
    return bitmap
  }
  throw new BlockError('missing', `Bitmap '${name}' is not found`)
}

/** Bitmaps are kept as they are while they are shown. @returns what lets go of them */
export function holdBitmaps(bitmaps: readonly DirtyBitmap[]): () => void {
  for (const bitmap of bitmaps) bitmap.become('busy')
  return () => {
    for (const bitmap of bitmaps) bitmap.become('busy', false)
  }
}

/** What a bitmap has noted, as clients ask for it. @param index - which of the export's bitmaps it is, from 0 */
export function dirtyBitmapContext(bitmap: DirtyBitmap, index: number): ExportContext {
  return {
    name: `qemu:dirty-bitmap:${bitmap.name}`,
    id: firstBitmapId + index,
    look(offset, length) {
      const next = bitmap.nextDirty(offset)
      const clean = next === undefined ? length : Math.min(length, next.offset - offset)
      if (clean > 0) return Promise.resolve({ length: clean, flags: 0 })
      return Promise.resolve({ length: Math.min(length, next!.length), flags: dirtyFlag })
    },
  }
}
