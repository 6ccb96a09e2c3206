import { realpathSync } from 'node:fs'
import { BlockError } from '../block-error.ts'
import { lockedByOther } from '../protocols/file/file-lock.ts'
import type { BlockNode } from './node.ts'

/** A file whose image names others, which are opened for it. */
export interface AboveFile {
  readonly identity: string
  /** It is written: nobody else may have it open for reading. */
  readonly written: boolean
}

/** A chain that is longer comes from names that lead in circles, whatever they look like. */
const longestChain = 1000

/**
 * The files above what an image is about to open: with its own.
 *
 * @throws {BlockError} kinds `locked` and `invalid`, if its file is among those for which it is opened
 */
export function withFile(
  above: readonly AboveFile[],
  file: BlockNode,
  { readOnly }: { readonly readOnly: boolean },
): AboveFile[] {
  const { filename } = file
  const identity = file.driver.name === 'file' ? realpathSync(filename) : filename
  const before = above.find((one) => one.identity === identity)
  if (before?.written === true) throw lockedByOther(filename, 'Failed to get shared "write" lock')
  if (before !== undefined || above.length >= longestChain) {
    throw new BlockError('invalid', `Backing file '${filename}' creates an infinite loop.`, { filename })
  }
  return [...above, { identity, written: !readOnly }]
}
