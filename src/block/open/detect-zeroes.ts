import { BlockError } from '../block-error.ts'

/** Whether a write of zeroes is made one that takes no space: `on` says so, `unmap` gives space back besides. */
export type DetectZeroes = 'off' | 'on' | 'unmap'

/**
 * @param word - undefined is `off`
 * @param discard - whether discards reach the driver: `unmap` wants that
 * @throws {BlockError} kind `invalid`, if the word is none of them, or not allowed
 */
export function parseDetectZeroes(word: string | undefined, { discard }: { readonly discard: boolean }): DetectZeroes {
  if (word === undefined || word === 'off') return 'off'
  if (word === 'unmap' && !discard) {
    const text = 'setting detect-zeroes to unmap is not allowed without setting discard operation to unmap'
    throw new BlockError('invalid', text, { option: 'detect-zeroes' })
  }
  if (word === 'on' || word === 'unmap') return word
  throw new BlockError('invalid', `invalid parameter value: ${word}`, { option: 'detect-zeroes' })
}
