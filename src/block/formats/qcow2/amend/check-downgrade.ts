import { BlockError } from '../../../block-error.ts'
import { incompatible } from '../features.ts'
import type { Image } from '../image.ts'
import { compressedBit } from '../l2-entry.ts'
import { eachTable } from './each-table.ts'
import type { Amendment } from './read-amend-options.ts'

/** @throws {BlockError} kind `unsupported`, in QEMU's words, if an image cannot be one of version 2 */
export async function checkDowngrade(image: Image, { refcountBits }: Amendment): Promise<void> {
  if (refcountBits !== 16) throw refused('compat=0.10 requires refcount_bits=16')
  if (image.externalData) throw refused('Cannot downgrade an image with a data file')
  const { header, snapshots } = image
  if (snapshots.entries.some(({ vmStateSize, diskSize }) => vmStateSize >= 2 ** 32 || diskSize !== header.size)) {
    throw refused('Internal snapshots prevent downgrade of image')
  }
  if (image.dirty) await image.markClean()
  if (header.compressionType !== 0 && (await holdsCompressed(image))) {
    throw refused('Cannot downgrade an image with zstd compression type and existing compressed clusters')
  }
  const left = image.header.incompatible & ~incompatible.compressionType
  if (left !== 0n) throw refused(`Cannot downgrade an image with incompatible features 0x${left.toString(16)} set`)
}

async function holdsCompressed(image: Image): Promise<boolean> {
  for await (const { view } of eachTable(image)) {
    for (let at = 0; at < view.byteLength; at += image.geometry.l2EntrySize) {
      if ((view.getUint32(at) & compressedBit) !== 0) return true
    }
  }
  return false
}

function refused(text: string): BlockError {
  return new BlockError('unsupported', text)
}
