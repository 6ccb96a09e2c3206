import type { OptionBag } from '../../open/option-bag.ts'
import { checkEncryptionFormat } from './encryption.ts'
import type { Image } from './image.ts'
import { checkL2EntrySize, readOptions } from './options.ts'

/** Options that can change while the image is open, and have their defaults again if they are not said again. */
export const changeableOptions = [
  'lazy-refcounts',
  'pass-discard-request',
  'pass-discard-snapshot',
  'pass-discard-other',
  'overlap-check',
  'cache-size',
  'l2-cache-size',
  'l2-cache-entry-size',
  'refcount-cache-size',
  'cache-clean-interval',
] as const

/** Takes them out; the result makes them hold, and returns what takes that back. @throws {BlockError} in QEMU's words */
export function takeChangedOptions(options: OptionBag, image: Image): () => () => void {
  const { l2EntrySize, encryption, lazyRefcounts, guarded } = readOptions(options)
  checkL2EntrySize(l2EntrySize, image.geometry.clusterSize)
  checkEncryptionFormat(image.header, encryption.format)
  return () => image.useOptions({ lazyRefcounts, guarded })
}
