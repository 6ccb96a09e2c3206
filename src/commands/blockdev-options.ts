import { debugEvents } from '../block/index.ts'
import {
  bool,
  either,
  type Infer,
  int,
  list,
  nil,
  type ObjectType,
  oneOf,
  opt,
  req,
  size,
  str,
  struct,
  type Type,
  union,
} from '../qapi/index.ts'
import { BlockdevDetectZeroesOptions } from './block-info.ts'

const BlockdevOptionsFile = struct('BlockdevOptionsFile', {
  filename: req(str, 'name of the file', { complete: 'file' }),
  locking: opt(oneOf('OnOffAuto', ['auto', 'on', 'off']), 'whether other processes are kept from using it, or used'),
  aio: opt(oneOf('BlockdevAioOptions', ['threads', 'native', 'io_uring']), "how QEMU talks to the host's kernel"),
})

const curlOptions = {
  url: req(str, 'where the file is'),
  readahead: opt(int, 'bytes to read besides those that are asked for'),
  timeout: opt(int, 'seconds that an answer may take'),
  username: opt(str, 'who asks'),
  'password-secret': opt(str, 'name of the secret with their password'),
  cookie: opt(str, 'what the server has told them to say'),
  'cookie-secret': opt(str, 'name of the secret with that'),
}

const BlockdevOptionsCurlHttp = struct('BlockdevOptionsCurlHttp', curlOptions)

const BlockdevOptionsCurlHttps = struct('BlockdevOptionsCurlHttps', {
  ...curlOptions,
  sslverify: opt(bool, 'whether the certificate must be right'),
})

const BlockdevOptionsNull = struct('BlockdevOptionsNull', {
  size: opt(int, 'bytes that the guest sees'),
  'latency-ns': opt(size, 'how long a request takes, in nanoseconds'),
  'read-zeroes': opt(bool, 'whether reads give zeroes'),
})

/** A type that is only made when it is used: options hold options. */
function later<T>(make: () => Type<T>): Type<T> {
  let made: Type<T> | undefined
  const type = (): Type<T> => {
    made ??= make()
    return made
  }
  return {
    get name() {
      return type().name
    },
    get shape() {
      return type().shape
    },
    decode: (value, at) => type().decode(value, at),
  }
}

/** A node to be opened, or the name of one that is there. */
const BlockdevRef = later<string | BlockdevOptions>(() =>
  either('BlockdevRef', { object: BlockdevOptions, string: str }),
)

const BlockdevRefOrNull = later<string | null | BlockdevOptions>(() =>
  either('BlockdevRefOrNull', { object: BlockdevOptions, string: str, null: nil }),
)

const BlockdevOptionsRaw = struct('BlockdevOptionsRaw', {
  file: req(BlockdevRef, 'the node below'),
  offset: opt(int, 'where the image begins in it, in bytes'),
  size: opt(int, 'how long the image is, in bytes'),
})

const BlockdevOptionsGenericFormat = struct('BlockdevOptionsGenericFormat', {
  file: req(BlockdevRef, 'the node below'),
})

const BlockdevOptionsGenericCOWFormat = struct('BlockdevOptionsGenericCOWFormat', {
  file: req(BlockdevRef, 'the node below'),
  backing: opt(BlockdevRefOrNull, 'the backing image, in place of the one that the image names; null for none'),
})

const BlockdevOptionsLUKS = struct('BlockdevOptionsLUKS', {
  file: req(BlockdevRef, 'the node below'),
  'key-secret': opt(str, 'name of the secret with the password'),
})

const BlockdevQcow2Encryption = union('BlockdevQcow2Encryption', {
  base: { format: req(oneOf('BlockdevQcow2EncryptionFormat', ['luks']), 'how the image is encrypted') },
  discriminator: 'format',
  branches: {
    luks: struct('QCryptoBlockOptionsLUKS', {
      'key-secret': opt(str, 'name of the secret with the password'),
    }),
  },
})

const BlockdevOptionsQcow2 = struct('BlockdevOptionsQcow2', {
  file: req(BlockdevRef, 'the node below'),
  backing: opt(BlockdevRefOrNull, 'the backing image, in place of the one that the image names; null for none'),
  'lazy-refcounts': opt(bool, 'whether reference counts may lag behind'),
  'pass-discard-request': opt(bool, 'whether discards of the guest reach the node below'),
  'pass-discard-snapshot': opt(bool, 'whether clusters of deleted snapshots are discarded below'),
  'pass-discard-other': opt(bool, 'whether other clusters that are free again are discarded below'),
  'cache-size': opt(int, 'bytes for tables in memory'),
  'l2-cache-size': opt(int, 'bytes for the tables that map clusters'),
  'l2-cache-entry-size': opt(int, 'bytes in a piece of them'),
  'refcount-cache-size': opt(int, 'bytes for reference counts'),
  'cache-clean-interval': opt(int, 'seconds after which tables that nobody uses leave memory'),
  'data-file': opt(BlockdevRef, 'the node that holds the data alone'),
  encrypt: opt(BlockdevQcow2Encryption, 'what unlocks an image that is encrypted'),
})

const BlkdebugEvent = oneOf('BlkdebugEvent', debugEvents)

const BlkdebugInjectErrorOptions = struct('BlkdebugInjectErrorOptions', {
  event: req(BlkdebugEvent, 'what sets the rule off; `none` is the opening of the node'),
  state: opt(int, 'only in this state'),
  iotype: opt(
    oneOf('BlkdebugIOType', ['read', 'write', 'write-zeroes', 'discard', 'flush']),
    'which requests fail; by default all',
  ),
  errno: opt(int, 'number of the error; by default EIO'),
  sector: opt(int, 'only requests that touch this sector'),
  once: opt(bool, 'only one request fails'),
  immediately: opt(bool, 'fail without waiting: makes no difference'),
})

const BlkdebugSetStateOptions = struct('BlkdebugSetStateOptions', {
  event: req(BlkdebugEvent, 'what sets the rule off'),
  state: opt(int, 'only in this state'),
  new_state: req(int, 'the state that begins then'),
})

const BlockdevOptionsBlkdebug = struct('BlockdevOptionsBlkdebug', {
  image: req(BlockdevRef, 'the node below'),
  'inject-error': opt(list(BlkdebugInjectErrorOptions), 'which requests fail'),
  'set-state': opt(list(BlkdebugSetStateOptions), 'changes of state'),
})

const BlockdevOptionsThrottle = struct('BlockdevOptionsThrottle', {
  'throttle-group': req(str, 'name of the throttle group'),
  file: req(BlockdevRef, 'the node below'),
})

/** The drivers of this version. */
const blockdevDrivers = [
  'blkdebug',
  'file',
  'host_device',
  'http',
  'https',
  'luks',
  'null-co',
  'qcow2',
  'raw',
  'throttle',
  'vdi',
  'vmdk',
  'vpc',
] as const

const members = {
  driver: req(oneOf('BlockdevDriver', blockdevDrivers), 'how it keeps its bytes'),
  'node-name': opt(str, 'name of the node', { complete: 'node' }),
  discard: opt(oneOf('BlockdevDiscardOptions', ['ignore', 'unmap']), 'what happens to discards'),
  cache: opt(
    struct('BlockdevCacheOptions', {
      direct: opt(bool, "whether requests go around the host's page cache"),
      'no-flush': opt(bool, 'whether flushes are left out'),
    }),
    'caches',
  ),
  'read-only': opt(bool, 'whether it can only be read'),
  'auto-read-only': opt(bool, 'whether it is read only where it cannot be written'),
  'detect-zeroes': opt(BlockdevDetectZeroesOptions, 'whether writes of zeroes take no space'),
}

/** A node as it is to be opened. The drivers are those that there are. */
export interface BlockdevOptions {
  readonly driver: (typeof blockdevDrivers)[number]
  readonly [option: string]: unknown
}

export const BlockdevOptions: ObjectType<BlockdevOptions> = union('BlockdevOptions', {
  base: members,
  discriminator: 'driver',
  branches: {
    blkdebug: BlockdevOptionsBlkdebug,
    file: BlockdevOptionsFile,
    host_device: BlockdevOptionsFile,
    http: BlockdevOptionsCurlHttp,
    https: BlockdevOptionsCurlHttps,
    luks: BlockdevOptionsLUKS,
    'null-co': BlockdevOptionsNull,
    qcow2: BlockdevOptionsQcow2,
    raw: BlockdevOptionsRaw,
    throttle: BlockdevOptionsThrottle,
    vdi: BlockdevOptionsGenericFormat,
    vmdk: BlockdevOptionsGenericCOWFormat,
    vpc: BlockdevOptionsGenericFormat,
  },
}) as ObjectType<Infer<ObjectType<BlockdevOptions>>>
