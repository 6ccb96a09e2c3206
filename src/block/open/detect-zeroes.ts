import { BlockError } from '../block-error.ts'

/** Whether a write of zeroes is made one that takes no space: `on` says so, `unmap` gives space back besides. */
export type DetectZeroes = 'off' | 'on' | 'unmap'

/** @throws {BlockError} kind `invalid`, if the word is none of them; undefined is `off` */
export function parseDetectZeroes(word: string | undefined): DetectZeroes {
  if (word === undefined || word === 'off') return 'off'
  if (word === 'on' || word === 'unmap') return word
  throw new BlockError('invalid', `invalid parameter value: ${word}`, { option: 'detect-zeroes' })
}
