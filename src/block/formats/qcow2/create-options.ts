import { BlockError } from '../../block-error.ts'
import { lengthen, type Preallocation, takePreallocation } from '../../create/preallocation.ts'
import type { BlockNode } from '../../graph/node.ts'
import { checkDriverWord } from '../../open/blockdev-drivers.ts'
import type { CreateRequest } from '../../open/create-request.ts'
import type { OptionBag } from '../../open/option-bag.ts'
import { defaultClusterSize, type Qcow2CreateOptions } from './create.ts'
import { subclustersOfCluster } from './geometry.ts'

const versions = { '0.10': 2, v2: 2, '1.1': 3, v3: 3 } as const
const compressions = { zlib: 'deflate', zstd: 'zstd' } as const

/** What `qemu-img create -o` says, as `planQcow2()` wants it. @throws {BlockError} kind `invalid` */
export function readCreateOptions({
  size,
  backing,
  options,
  needFile,
  inPlace,
}: Pick<CreateRequest, 'backing' | 'options'> &
  Partial<Pick<CreateRequest, 'needFile' | 'inPlace'>> & {
    readonly size: number
  }): Qcow2CreateOptions {
  const clusterSize = options.takeSize('cluster_size')
  const refcountBits = options.takeInteger('refcount_bits')
  const lazyRefcounts = options.takeBoolean('lazy_refcounts')
  const extendedL2 = options.takeBoolean('extended_l2')
  const dataFile = options.takeString('data_file')
  const raw = options.takeBoolean('data_file_raw') ?? false
  // QAPI's order, which is that of complaints.
  const version = takeWord(options, 'compat', versions, 'version') ?? 3
  if (backing?.format !== undefined) checkDriverWord('backing-fmt', backing.format)
  const preallocation = takePreallocation(options, (word) => refusalOf('preallocation', word))
  const compression = takeWord(options, 'compression_type', compressions, 'compression-type') ?? 'deflate'
  if (raw && dataFile === undefined && needFile !== undefined)
    throw new BlockError('invalid', 'data-file-raw requires data-file')
  if (dataFile !== undefined) {
    // Clusters, or subclusters, that have their places are whole.
    const mapped = raw || preallocation !== 'off'
    const whole = mapped ? (clusterSize ?? defaultClusterSize) / (extendedL2 === true ? subclustersOfCluster : 1) : 1
    const length = Math.ceil(size / whole) * whole
    needFile?.(dataFile, async (file) => {
      if (inPlace !== true) await file.truncate(0)
      if (!mapped) await file.truncate(length)
      else if (file.length < length) await makeDataFile(file, length, preallocation)
    })
  }
  return {
    size,
    version,
    compression,
    preallocation,
    ...(clusterSize === undefined ? {} : { clusterSize }),
    ...(refcountBits === undefined ? {} : { refcountBits }),
    ...(lazyRefcounts === undefined ? {} : { lazyRefcounts }),
    ...(extendedL2 === undefined ? {} : { extendedL2 }),
    ...(dataFile === undefined ? {} : { dataFile: { filename: dataFile, raw } }),
    ...(backing === undefined ? {} : { backing }),
  }
}

async function makeDataFile(file: BlockNode, size: number, preallocation: Preallocation): Promise<void> {
  try {
    await lengthen(file, size, preallocation === 'metadata' ? 'off' : preallocation)
  } catch (cause) {
    if (!(cause instanceof BlockError)) throw cause
    throw new BlockError(cause.kind, `Could not resize image: ${cause.message}`, cause.context, { cause })
  }
}

/** @param wireName - as QAPI's BlockdevCreateOptionsQcow2 calls it, and so a complaint */
function takeWord<T>(
  options: OptionBag,
  name: string,
  words: Readonly<Record<string, T>>,
  wireName: string,
): T | undefined {
  const word = options.takeString(name)
  if (word === undefined) return undefined
  if (Object.hasOwn(words, word)) return words[word]
  throw new BlockError('invalid', refusalOf(wireName, word), { option: name })
}

function refusalOf(wireName: string, word: string): string {
  return `Parameter '${wireName}' does not accept value '${word}'`
}
