import { flattenOptions, type NewImage, type NodeReference } from '../block/index.ts'
import { bool, type Infer, int, list, oneOf, opt, req, size, str, struct, union } from '../qapi/index.ts'
import { BlockdevDriver, type BlockdevOptions, BlockdevRef } from './blockdev-options.ts'

const PreallocMode = oneOf('PreallocMode', ['off', 'metadata', 'falloc', 'full'])
const QCryptoHashAlgorithm = oneOf('QCryptoHashAlgorithm', [
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
  'ripemd160',
])

const bytes = req(size.wide, 'bytes that the guest sees')
const preallocation = opt(PreallocMode, 'what of its space is taken beforehand; `off` by default')

const luksMembers = {
  'key-secret': opt(str, 'name of the secret with the password'),
  'cipher-alg': opt(
    oneOf('QCryptoCipherAlgorithm', [
      'aes-128',
      'aes-192',
      'aes-256',
      'des',
      '3des',
      'cast5-128',
      'serpent-128',
      'serpent-192',
      'serpent-256',
      'twofish-128',
      'twofish-192',
      'twofish-256',
    ]),
    'cipher; aes-256 by default',
  ),
  'cipher-mode': opt(oneOf('QCryptoCipherMode', ['ecb', 'cbc', 'xts', 'ctr']), 'its mode; xts by default'),
  'ivgen-alg': opt(
    oneOf('QCryptoIVGenAlgorithm', ['plain', 'plain64', 'essiv']),
    'how initialization vectors are made; plain64 by default',
  ),
  'ivgen-hash-alg': opt(QCryptoHashAlgorithm, 'the hash for those'),
  'hash-alg': opt(QCryptoHashAlgorithm, 'the hash of the password; sha256 by default'),
  'iter-time': opt(int.wide, 'milliseconds that a password takes to be tried; 2000 by default'),
}

/** An image to be made. The drivers are those that there are. */
export const BlockdevCreateOptions = union('BlockdevCreateOptions', {
  base: { driver: req(BlockdevDriver, 'what it will be') },
  discriminator: 'driver',
  branches: {
    file: struct('BlockdevCreateOptionsFile', {
      filename: req(str, 'name of the file', { complete: 'file' }),
      size: bytes,
      preallocation,
      nocow: opt(bool, 'whether the file system shall not copy it on write'),
      'extent-size-hint': opt(size.wide, 'in which steps the file system shall take space'),
    }),
    luks: struct('BlockdevCreateOptionsLUKS', {
      ...luksMembers,
      file: req(BlockdevRef, 'the node that it is made in'),
      size: bytes,
      preallocation,
    }),
    qcow2: struct('BlockdevCreateOptionsQcow2', {
      file: req(BlockdevRef, 'the node that it is made in'),
      'data-file': opt(BlockdevRef, 'the node that keeps the data, if it is to be another one'),
      'data-file-raw': opt(bool, 'whether that is a raw image of the disk at any time'),
      'extended-l2': opt(bool, 'whether clusters have subclusters'),
      size: bytes,
      version: opt(oneOf('BlockdevQcow2Version', ['v2', 'v3']), 'version of the format; v3 by default'),
      'backing-file': opt(str, 'file of the backing image', { complete: 'file' }),
      'backing-fmt': opt(BlockdevDriver, 'format of the backing image'),
      encrypt: opt(
        union('QCryptoBlockCreateOptions', {
          base: { format: req(oneOf('QCryptoBlockFormat', ['qcow', 'luks']), 'how it is encrypted') },
          discriminator: 'format',
          branches: {
            qcow: struct('QCryptoBlockOptionsQCow', { 'key-secret': luksMembers['key-secret'] }),
            luks: struct('QCryptoBlockCreateOptionsLUKS', luksMembers),
          },
        }),
        'how the disk is encrypted',
      ),
      'cluster-size': opt(size.wide, 'bytes of a cluster; 65536 by default'),
      preallocation,
      'lazy-refcounts': opt(bool, 'whether reference counts may be late'),
      'refcount-bits': opt(int.wide, 'bits of a reference count; 16 by default'),
      'compression-type': opt(oneOf('Qcow2CompressionType', ['zlib', 'zstd']), 'how clusters are compressed'),
    }),
    vdi: struct('BlockdevCreateOptionsVdi', {
      file: req(BlockdevRef, 'the node that it is made in'),
      size: bytes,
      preallocation: opt(
        PreallocMode,
        'what of its space is taken beforehand: `off`, which is the default, or `metadata`',
      ),
    }),
    vmdk: struct('BlockdevCreateOptionsVmdk', {
      file: req(BlockdevRef, 'the node that it is made in, or the text that lists its parts'),
      size: bytes,
      extents: opt(list(BlockdevRef), 'the nodes of its parts, where they have some of their own'),
      subformat: opt(
        oneOf('BlockdevVmdkSubformat', [
          'monolithicSparse',
          'monolithicFlat',
          'twoGbMaxExtentSparse',
          'twoGbMaxExtentFlat',
          'streamOptimized',
        ]),
        'how the disk is kept; monolithicSparse by default',
      ),
      'backing-file': opt(str, 'file of the backing image', { complete: 'file' }),
      'adapter-type': opt(
        oneOf('BlockdevVmdkAdapterType', ['ide', 'buslogic', 'lsilogic', 'legacyESX']),
        'the controller that the image tells of; ide by default',
      ),
      hwversion: opt(str, 'version of the hardware that it tells of; 4 by default'),
      toolsversion: opt(str, "version of the guest's tools that it tells of; 2147483647 by default"),
      'zeroed-grain': opt(bool, 'whether zeroes may be written without taking space'),
    }),
    vpc: struct('BlockdevCreateOptionsVpc', {
      file: req(BlockdevRef, 'the node that it is made in'),
      size: bytes,
      subformat: opt(oneOf('BlockdevVpcSubformat', ['dynamic', 'fixed']), 'whether it grows; dynamic by default'),
      'force-size': opt(bool, 'whether any size will do, and not only those of a whole geometry'),
    }),
  },
})

/** Members of the protocol that `qemu-img create -o` calls otherwise. */
const optionNames: Readonly<Record<string, string>> = {
  'data-file-raw': 'data_file_raw',
  'extended-l2': 'extended_l2',
  version: 'compat',
  'cluster-size': 'cluster_size',
  'lazy-refcounts': 'lazy_refcounts',
  'refcount-bits': 'refcount_bits',
  'compression-type': 'compression_type',
  'extent-size-hint': 'extent_size_hint',
  'encrypt.format': 'encrypt.format',
  'adapter-type': 'adapter_type',
  'zeroed-grain': 'zeroed_grain',
  'force-size': 'force_size',
}

const apart = ['driver', 'filename', 'size', 'file', 'data-file', 'extents', 'backing-file', 'backing-fmt']

export function newImageOf(words: Infer<typeof BlockdevCreateOptions>): NewImage {
  const given = words as Readonly<Record<string, unknown>>
  const reference = (value: unknown): NodeReference | undefined =>
    typeof value === 'object' ? flattenOptions(value as BlockdevOptions) : (value as string | undefined)
  const rest = Object.fromEntries(Object.entries(given).filter(([name]) => !apart.includes(name)))
  const options = Object.fromEntries(
    Object.entries(flattenOptions(rest as Parameters<typeof flattenOptions>[0])).map(([name, value]) => [
      optionName(words.driver, name),
      name === 'encrypt.format' && value === 'qcow' ? 'aes' : value,
    ]),
  )
  const [filename, format] = [given['backing-file'], given['backing-fmt']] as (string | undefined)[]
  return {
    driver: words.driver,
    size: BigInt((given['size'] as number | bigint | undefined) ?? 0), // some drivers, which make none, have no such member
    filename: given['filename'] as string | undefined,
    file: reference(given['file']),
    dataFile: reference(given['data-file']),
    extents: (given['extents'] as readonly unknown[] | undefined)?.map((extent) => reference(extent)!),
    backing: filename === undefined && format === undefined ? undefined : { filename, format },
    options,
  }
}

function optionName(driver: string, name: string): string {
  // The command line has the word for the file below.
  if (driver === 'vdi' && name === 'preallocation') return 'image-preallocation'
  return optionNames[name] ?? name
}
