import { BlockError } from '../../block-error.ts'
import type { OptionBag, OptionValues } from '../../open/option-bag.ts'
import type { MetadataKind } from './metadata-map.ts'
import { guardedTables, takeOverlapOptions } from './overlap-checks.ts'

/** What a user may say of an image of this format. */
export interface Qcow2Options {
  readonly lazyRefcounts: boolean | undefined
  readonly l2CacheSize: number
  /** Only checked: what is read at once is our affair. */
  readonly l2EntrySize: number | undefined
  /** Tables that no write may hit. */
  readonly guarded: ReadonlySet<MetadataKind>
  /** How the user says that it is encrypted, and under which name the password is. */
  readonly encryption: { readonly format: string | undefined; readonly keySecret: string | undefined }
  /** Without what the image cannot be opened, as the user wrote it. */
  readonly needed: OptionValues
}

const defaultL2Cache = 32 * 2 ** 20
/** Of clusters that are not small; nobody has so much memory. */
const largestRefcountCache = 2 ** 47

/** Takes the options out. @throws {BlockError} kind `invalid` */
export function readOptions(options: OptionBag): Qcow2Options {
  const needed = options.pick(['encrypt.key-secret'])
  const lazyRefcounts = options.takeBoolean('lazy-refcounts')
  for (const name of ['pass-discard-request', 'pass-discard-snapshot', 'pass-discard-other']) options.takeBoolean(name)
  const overlaps = takeOverlapOptions(options)
  const cacheSize = options.takeSize('cache-size')
  const l2CacheSize = options.takeSize('l2-cache-size')
  const l2EntrySize = options.takeSize('l2-cache-entry-size')
  const refcountSize = options.takeSize('refcount-cache-size')
  checkCacheSizes(cacheSize, l2CacheSize, refcountSize)
  const refcountCache = refcountSize ?? cacheSize ?? 0
  if (refcountCache > largestRefcountCache) throw new BlockError('invalid', 'Refcount cache size too big')
  const interval = options.takeWideInteger('cache-clean-interval') ?? 0n
  if (interval >= 2n ** 32n) throw new BlockError('invalid', 'Cache clean interval too big')
  const guarded = guardedTables(overlaps)
  const encryption = {
    format: options.takeString('encrypt.format'),
    keySecret: options.takeString('encrypt.key-secret'),
  }
  const l2Cache = l2CacheSize ?? cacheSize ?? defaultL2Cache
  return { lazyRefcounts, guarded, encryption, l2EntrySize, l2CacheSize: l2Cache, needed }
}

/** Looks whether the parts fit the whole, where that is said. @throws {BlockError} kind `invalid` */
function checkCacheSizes(whole: number | undefined, l2: number | undefined, refcounts: number | undefined): void {
  if (whole === undefined) return
  if (l2 !== undefined && refcounts !== undefined) {
    throw new BlockError('invalid', 'cache-size, l2-cache-size and refcount-cache-size may not be set at the same time')
  }
  if (l2 !== undefined && l2 > whole) throw new BlockError('invalid', 'l2-cache-size may not exceed cache-size')
  if (refcounts === undefined || refcounts <= whole) return
  throw new BlockError('invalid', 'refcount-cache-size may not exceed cache-size')
}

/** @throws {BlockError} kind `invalid`, if tables cannot be read in pieces of that size */
export function checkL2EntrySize(size: number | undefined, clusterSize: number): void {
  if (size === undefined || (size >= 512 && size <= clusterSize && Number.isInteger(Math.log2(size)))) return
  const text = `L2 cache entry size must be a power of two between 512 and the cluster size (${clusterSize})`
  throw new BlockError('invalid', text, { option: 'l2-cache-entry-size' })
}
