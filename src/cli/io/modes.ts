import { type CacheSetting, cacheModes } from '../../block-io/index.ts'
import { ProgramError } from '../program-error.ts'
import type { OpenMode } from './open-image.ts'

const discards: Readonly<Record<string, boolean>> = { ignore: false, off: false, unmap: true, on: true }

const aioModes: readonly string[] = ['threads', 'native', 'io_uring']

/** The words of `-t`. @throws {ProgramError} in QEMU's words */
export function cacheMode(word: string): CacheSetting {
  return lookUp(cacheModes, word, 'cache')
}

/** The words of `-d`. @throws {ProgramError} in QEMU's words */
export function discardMode(word: string): Pick<OpenMode, 'discard'> {
  return { discard: lookUp(discards, word, 'discard') }
}

/** Which calls of the system move bytes makes no difference here. @throws {ProgramError} in QEMU's words */
export function checkAioMode(word: string): void {
  if (!aioModes.includes(word)) throw new ProgramError(`Invalid aio option: ${word}`)
}

function lookUp<T>(table: Readonly<Record<string, T>>, word: string, what: string): T {
  if (!Object.hasOwn(table, word)) throw new ProgramError(`Invalid ${what} option: ${word}`)
  return table[word]!
}
