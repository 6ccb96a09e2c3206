import { BlockError } from '../../block-error.ts'
import type { CreateRequest } from '../../driver.ts'
import type { OptionBag } from '../../option-bag.ts'
import { defaultClusterSize, type Qcow2CreateOptions } from './create.ts'

const versions = { '0.10': 2, v2: 2, '1.1': 3, v3: 3 } as const
const compressions = { zlib: 'deflate', zstd: 'zstd' } as const
const preallocations = { off: 'off', metadata: 'metadata', falloc: 'full', full: 'full' } as const

/** What `qemu-img create -o` says, as `planQcow2()` wants it. @throws {BlockError} kind `invalid` */
export function readCreateOptions({
  size,
  backing,
  options,
  needFile,
}: Omit<CreateRequest, 'needFile'> & Partial<CreateRequest>): Qcow2CreateOptions {
  const clusterSize = options.takeSize('cluster_size')
  const refcountBits = options.takeInteger('refcount_bits')
  const lazyRefcounts = options.takeBoolean('lazy_refcounts')
  const extendedL2 = options.takeBoolean('extended_l2')
  const dataFile = options.takeString('data_file')
  const raw = options.takeBoolean('data_file_raw') ?? false
  const preallocation = takeWord(options, 'preallocation', preallocations)
  if (raw && dataFile === undefined) throw new BlockError('invalid', 'data-file-raw requires data-file')
  if (dataFile !== undefined) {
    const whole = clusterSize ?? defaultClusterSize
    needFile?.(dataFile, raw ? Math.ceil(size / whole) * whole : 0)
  }
  return {
    size,
    version: takeWord(options, 'compat', versions) ?? 3,
    compression: takeWord(options, 'compression_type', compressions) ?? 'deflate',
    preallocation: preallocation ?? 'off',
    ...(clusterSize === undefined ? {} : { clusterSize }),
    ...(refcountBits === undefined ? {} : { refcountBits }),
    ...(lazyRefcounts === undefined ? {} : { lazyRefcounts }),
    ...(extendedL2 === undefined ? {} : { extendedL2 }),
    ...(dataFile === undefined ? {} : { dataFile: { filename: dataFile, raw } }),
    ...(backing === undefined ? {} : { backing }),
  }
}

function takeWord<T>(options: OptionBag, name: string, words: Readonly<Record<string, T>>): T | undefined {
  const word = options.takeString(name)
  if (word === undefined) return undefined
  if (Object.hasOwn(words, word)) return words[word]
  throw new BlockError('invalid', `Invalid parameter '${word}'`, { option: name })
}
