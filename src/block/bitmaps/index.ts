/**
 * Dirty bitmaps: which parts of a node's image have been written since somebody last asked, a bit for each granule.
 * Knows nothing of nodes and formats: a node tells its `NodeBitmaps` of what is written (`mark`) and of its length
 * (`resize`); a format that keeps bitmaps in its images makes the `NodeBitmaps` itself, with a keeper.
 *
 * For an operation that copies what is dirty (a backup, a mirror): `freeze(bitmap)` lets a successor take the notes and
 * keeps everybody else away; `bitmap.areas()` or `bitmap.nextDirty(offset, most)` tell what to copy; then `abdicate` if
 * it was copied, or `reclaim` if not: what the bitmap had noted counts again, with what was written meanwhile. An
 * operation that needs notes of its own takes `insert({ granularity })`, which no user can name, and `drop`s it;
 * `mark`, `unmark`, `take` and `isDirty` are there for it. `check(using)` or `check(changing)` say in QEMU's words why a
 * bitmap cannot be used.
 */
export { type BitmapInfo, bitmapInfo } from './bitmap-info.ts'
export {
  changing,
  type DirtyArea,
  DirtyBitmap,
  type Hindrance,
  type NewDirtyBitmap,
  type Noted,
  using,
} from './dirty-bitmap.ts'
export {
  type AddedBitmap,
  type BitmapKeeper,
  checkBitmapName,
  defaultGranularity,
  NodeBitmaps,
} from './node-bitmaps.ts'
