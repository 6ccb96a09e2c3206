import { reasonText } from '../../errno/index.ts'
import { BlockError } from '../block-error.ts'
import type { BlockNode } from '../graph/node.ts'
import type { OptionBag } from '../open/option-bag.ts'
import { writeZeroBytes } from '../zeroes.ts'

/** What of a new image's space is taken beforehand (QAPI's PreallocMode). */
export type Preallocation = 'off' | 'metadata' | 'falloc' | 'full'

export const preallocations: readonly Preallocation[] = ['off', 'metadata', 'falloc', 'full']

/**
 * Takes the option out.
 *
 * @param complaint - what QEMU says of a word that is none
 * @throws {BlockError} kind `invalid`
 */
export function takePreallocation(
  options: OptionBag,
  complaint = (word: string): string => `invalid parameter value: ${word}`,
): Preallocation {
  const word = options.takeString('preallocation') ?? 'off'
  const known = preallocations.find((each) => each === word)
  if (known !== undefined) return known
  throw new BlockError('invalid', complaint(word), { option: 'preallocation' })
}

/**
 * Takes the option out where it is that of the file below, and the image makes no use of it.
 *
 * @throws {BlockError} in QEMU's words
 */
export function takeFilePreallocation(options: OptionBag): void {
  if (takePreallocation(options) === 'metadata') throw unsupportedMode('metadata')
}

function unsupportedMode(mode: Preallocation): BlockError {
  return new BlockError('unsupported', `Unsupported preallocation mode: ${mode}`)
}

/**
 * Makes a file, or an image without structure, longer, and takes the space if that is wanted. If it fails, the file ends
 * where it did.
 *
 * Space is taken by zeroes that are written: nothing else takes it on every file system.
 *
 * @throws {BlockError} in QEMU's words
 */
export async function lengthen(node: BlockNode, length: number, mode: Preallocation): Promise<void> {
  if (mode === 'metadata') throw unsupportedMode(mode)
  const before = node.length
  await node.truncate(length)
  if (mode === 'off') return
  try {
    await writeZeroBytes(node, before, length - before)
    await node.flush()
  } catch (cause) {
    if (!(cause instanceof BlockError)) throw cause
    await node.truncate(before)
    const what = mode === 'falloc' ? 'Could not preallocate new data' : 'Could not write zeros for preallocation'
    throw new BlockError(cause.kind, `${what}: ${reasonText(cause)}`, cause.context, { cause })
  }
}
