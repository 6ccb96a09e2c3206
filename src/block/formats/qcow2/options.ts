import type { OptionBag, OptionValues } from '../../option-bag.ts'

/** What a user may say of an image of this format. */
export interface Qcow2Options {
  readonly lazyRefcounts: boolean | undefined
  readonly l2CacheSize: number
  /** How the user says that it is encrypted, and under which name the password is. */
  readonly encryption: { readonly format: string | undefined; readonly keySecret: string | undefined }
  /** Without what the image cannot be opened, as the user wrote it. */
  readonly needed: OptionValues
}

const defaultL2Cache = 32 * 2 ** 20

/** Takes the options out. @throws {BlockError} kind `invalid` */
export function readOptions(options: OptionBag): Qcow2Options {
  const needed = options.pick(['encrypt.key-secret'])
  const lazyRefcounts = options.takeBoolean('lazy-refcounts')
  for (const name of ['pass-discard-request', 'pass-discard-snapshot', 'pass-discard-other']) options.takeBoolean(name)
  options.takeString('overlap-check')
  const cacheSize = options.takeSize('cache-size')
  const l2CacheSize = options.takeSize('l2-cache-size')
  options.takeSize('l2-cache-entry-size')
  options.takeSize('refcount-cache-size')
  options.takeInteger('cache-clean-interval')
  const encryption = {
    format: options.takeString('encrypt.format'),
    keySecret: options.takeString('encrypt.key-secret'),
  }
  return { lazyRefcounts, encryption, l2CacheSize: l2CacheSize ?? cacheSize ?? defaultL2Cache, needed }
}
