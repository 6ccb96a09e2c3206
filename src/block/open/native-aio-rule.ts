import { BlockError } from '../block-error.ts'

/** @throws {BlockError} kind `invalid`: QEMU's kind of asynchronous requests is for files around the page cache */
export function checkNativeAio({ direct }: { readonly direct: boolean }): void {
  if (direct) return
  const text = 'aio=native was specified, but it requires cache.direct=on, which was not specified.'
  throw new BlockError('invalid', text, { option: 'aio' })
}
