import { ImgError } from '../img/img-error.ts'
import type { OpenMode } from './open-image.ts'

type Cache = Pick<OpenMode, 'direct' | 'noFlush' | 'writethrough'>

const caches: Readonly<Record<string, Cache>> = {
  none: { direct: true, noFlush: false, writethrough: false },
  off: { direct: true, noFlush: false, writethrough: false },
  directsync: { direct: true, noFlush: false, writethrough: true },
  writeback: { direct: false, noFlush: false, writethrough: false },
  unsafe: { direct: false, noFlush: true, writethrough: false },
  writethrough: { direct: false, noFlush: false, writethrough: true },
}

const discards: Readonly<Record<string, boolean>> = { ignore: false, off: false, unmap: true, on: true }

const aioModes: readonly string[] = ['threads', 'native', 'io_uring']

/** The words of `-t`. @throws {ImgError} in QEMU's words */
export function cacheMode(word: string): Cache {
  return lookUp(caches, word, 'cache')
}

/** The words of `-d`. @throws {ImgError} in QEMU's words */
export function discardMode(word: string): Pick<OpenMode, 'discard'> {
  return { discard: lookUp(discards, word, 'discard') }
}

/** Which calls of the system move bytes makes no difference here. @throws {ImgError} in QEMU's words */
export function checkAioMode(word: string): void {
  if (!aioModes.includes(word)) throw new ImgError(`Invalid aio option: ${word}`)
}

function lookUp<T>(table: Readonly<Record<string, T>>, word: string, what: string): T {
  if (!Object.hasOwn(table, word)) throw new ImgError(`Invalid ${what} option: ${word}`)
  return table[word]!
}
