import { BlockError } from '../../../block-error.ts'
import type { AmendRequest } from '../../../open/driver.ts'
import { changeKeySlots } from '../../luks/key-slots.ts'
import type { LuksHeader } from '../../luks/luks-header.ts'
import { autoclear, compatible, incompatible } from '../features.ts'
import type { Image } from '../image.ts'
import { checkDowngrade } from './check-downgrade.ts'
import { expandZeroes } from './expand-zeroes.ts'
import { type Amendment, readAmendment } from './read-amend-options.ts'
import { widenRefcounts } from './refcount-order.ts'

export interface AmendHost {
  readonly image: Image
  resize(size: number): Promise<void>
  /** Writes the bitmaps of the image: there is no other time to. */
  keepBitmaps(): Promise<void>
  /** Gives each snapshot what version 3 of the format wants of it. */
  completeSnapshots(): Promise<void>
}

/**
 * Gives an image other features. It is drained, and the file has what memory has.
 *
 * @returns whether it must be opened anew before anybody uses it
 * @throws {BlockError} in QEMU's words
 */
export async function amendImage(
  host: AmendHost,
  { options, force = false, progress }: AmendRequest,
): Promise<boolean> {
  const { image } = host
  const before = image.header.version
  const wanted = readAmendment(image, options)
  const widens = wanted.refcountBits !== image.geometry.refcountBits
  if (wanted.version > before) await upgrade(host, progress)
  await nameData(image, wanted)
  await changeKeys(image, wanted, force)
  checkBacking(image, wanted)
  await setLazy(image, wanted)
  if (wanted.size !== undefined) await host.resize(wanted.size)
  const downgrades = wanted.version < before
  if (downgrades) await checkDowngrade(image, wanted)
  if (!downgrades && !widens) return false
  await host.keepBitmaps()
  if (downgrades) await expandZeroes(image, progress)
  if (widens) await widenRefcounts(image, wanted.refcountBits)
  if (downgrades) {
    const header = { version: 2, incompatible: 0n, compatible: 0n, autoclear: 0n, compressionType: 0 } as const
    await image.rewriteHeader({ header: { ...header, unknownFields: new Uint8Array(0) } })
  }
  return true
}

async function upgrade({ image, completeSnapshots }: AmendHost, progress: AmendRequest['progress']): Promise<void> {
  progress?.(0, 1)
  await completeSnapshots()
  await image.rewriteHeader({ header: { version: 3 } })
  progress?.(1, 1)
}

async function nameData(image: Image, { rawData, dataFile }: Amendment): Promise<void> {
  const { header, extensions } = image
  if (rawData === image.rawData && dataFile === undefined) return
  const raw = rawData ? autoclear.rawData : 0n
  await image.rewriteHeader({
    header: { autoclear: (header.autoclear & ~autoclear.rawData) | raw },
    ...(dataFile !== undefined && { extensions: { ...extensions, dataFile: dataFile === '' ? undefined : dataFile } }),
  })
}

async function changeKeys({ file, encryption }: Image, { keySlots }: Amendment, force: boolean): Promise<void> {
  const luks = encryption?.luks
  if (keySlots === undefined || luks === undefined) return
  const headerChanged = (header: LuksHeader): void => {
    luks.header = header
  }
  await changeKeySlots({ file, ...luks.place, ...luks, headerChanged }, keySlots, force)
}

function checkBacking({ backingFilename, extensions }: Image, { backing }: Amendment): void {
  if (backing === undefined) return
  if (backing.filename === backingFilename && backing.format === extensions.backingFormat) return
  throw new BlockError('unsupported', 'Cannot amend the backing file', {
    hint: "You can use 'vmon img rebase' instead.",
  })
}

async function setLazy(image: Image, { version, lazyRefcounts }: Amendment): Promise<void> {
  const { header } = image
  if (((header.compatible & compatible.lazyRefcounts) !== 0n) === lazyRefcounts) return
  if (lazyRefcounts && version < 3) {
    const text = 'Lazy refcounts only supported with compatibility level 1.1 and above (use compat=1.1 or greater)'
    throw new BlockError('invalid', text)
  }
  // What memory had is in the file: its counts are right.
  if (!lazyRefcounts && (header.incompatible & incompatible.dirty) !== 0n) await image.markClean()
  const bit = lazyRefcounts ? compatible.lazyRefcounts : 0n
  await image.changeHeader({ compatible: (image.header.compatible & ~compatible.lazyRefcounts) | bit })
}
