import { BlockError, type BlockNode, textOfBlockError } from '../../block/index.ts'
import { ProgramError } from '../program-error.ts'
import type { Output } from './img.ts'

/** Which bitmaps are copied: all, or those that are not inconsistent. */
export type WantedBitmaps = 'all' | 'sound'

/** @throws {ProgramError} in QEMU's words, if the bitmaps of an image cannot be copied */
export function checkBitmaps(sources: readonly BlockNode[], wanted: WantedBitmaps): void {
  const [source] = sources
  if (sources.length !== 1 || source === undefined)
    throw new ProgramError('Copying bitmaps only possible with single source')
  if (!source.bitmaps.canPersist) throw new ProgramError('Source lacks bitmap support')
  for (const bitmap of source.bitmaps) {
    if (wanted === 'sound' || !bitmap.is('inconsistent')) continue
    throw new ProgramError(
      `Cannot copy inconsistent bitmap '${bitmap.name}'\n` +
        "Try --skip-broken-bitmaps, or use 'vmon img bitmap --remove' to delete it",
    )
  }
}

/** @throws {ProgramError} in QEMU's words, if an image cannot keep bitmaps */
export function checkTakesBitmaps({ bitmaps, driver }: BlockNode): void {
  if (!bitmaps.canPersist) throw new ProgramError(`Format driver '${driver.name}' does not support bitmaps`)
}

/** Gives an image the bitmaps of another. @throws {ProgramError} in QEMU's words */
export function copyBitmaps(source: BlockNode, target: BlockNode, wanted: WantedBitmaps, output: Output): void {
  for (const bitmap of source.bitmaps) {
    const { name = '', granularity, persistent, recording } = bitmap
    if (!persistent) continue
    if (wanted === 'sound' && bitmap.is('inconsistent')) {
      output.complain(`warning: Skipping inconsistent bitmap '${name}'`)
      continue
    }
    const copy = inWords(`Failed to create bitmap ${name}`, () =>
      target.bitmaps.add({ name, granularity, persistent, recording }, target.name),
    )
    try {
      inWords(`Failed to populate bitmap ${name}`, () => target.bitmaps.merge(copy, [bitmap]))
    } catch (error) {
      target.bitmaps.drop(copy)
      throw error
    }
  }
}

function inWords<T>(complaint: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof BlockError) throw new ProgramError(`${complaint}: ${textOfBlockError(error)}`)
    throw error
  }
}
