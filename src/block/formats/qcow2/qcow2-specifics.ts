import type { NestedOptions } from '../../open/driver.ts'
import { luksSpecifics } from '../luks/luks-specifics.ts'
import type { BitmapEntry } from './bitmap-directory.ts'
import { autoclear, compatible, incompatible } from './features.ts'
import type { Image } from './image.ts'

/** What an image says of itself (QAPI's ImageInfoSpecificQCow2). */
export function qcow2Specifics(
  { header, geometry, extensions, encryption }: Image,
  bitmaps: readonly BitmapEntry[],
): NestedOptions {
  const luks = encryption?.luks && luksSpecifics(encryption.luks.header)
  const encrypt = encryption === undefined ? {} : { encrypt: luks ? { format: 'luks', ...luks } : { format: 'aes' } }
  const compression = header.compressionType === 0 ? 'zlib' : 'zstd'
  const common = { ...encrypt, 'compression-type': compression, 'refcount-bits': geometry.refcountBits }
  if (header.version === 2) return { compat: '0.10', ...common }
  return {
    compat: '1.1',
    ...common,
    'lazy-refcounts': (header.compatible & compatible.lazyRefcounts) !== 0n,
    corrupt: (header.incompatible & incompatible.corrupt) !== 0n,
    'extended-l2': geometry.subclusters > 1,
    ...(extensions.dataFile !== undefined && { 'data-file': extensions.dataFile }),
    ...((header.incompatible & incompatible.dataFile) !== 0n && {
      'data-file-raw': (header.autoclear & autoclear.rawData) !== 0n,
    }),
    ...(bitmaps.length > 0 && { bitmaps: bitmaps.map(bitmapSpecifics) }),
  }
}

function bitmapSpecifics({ name, granularityBits, inUse, auto }: BitmapEntry): NestedOptions {
  return { name, granularity: 2 ** granularityBits, flags: [...(inUse ? ['in-use'] : []), ...(auto ? ['auto'] : [])] }
}
