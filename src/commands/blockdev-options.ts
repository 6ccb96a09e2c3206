import { copyErrorPolicies, debugEvents } from '../block/index.ts'
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
  uint32,
  union,
} from '../qapi/index.ts'
import { BlockDirtyBitmap } from './block-bitmaps.ts'
import { BlockdevDetectZeroesOptions } from './block-info.ts'
import { SocketAddress } from './socket-address.ts'

const BlockdevOptionsFile = struct('BlockdevOptionsFile', {
  filename: req(str, 'name of the file', { complete: 'file' }),
  'pr-manager': opt(str, 'who helps with persistent reservations'),
  locking: opt(oneOf('OnOffAuto', ['auto', 'on', 'off']), 'whether other processes are kept from using it, or used'),
  aio: opt(oneOf('BlockdevAioOptions', ['threads', 'native', 'io_uring']), "how QEMU talks to the host's kernel"),
  'aio-max-batch': opt(int.wide, 'how many requests QEMU hands over at once'),
  'drop-cache': opt(bool, 'whether a migration drops what the host has in its page cache'),
  'x-check-cache-dropped': opt(bool, 'whether it looks afterwards'),
})

const curlOptions = {
  url: req(str, 'where the file is'),
  readahead: opt(int.wide, 'bytes to read besides those that are asked for'),
  timeout: opt(int.wide, 'seconds that an answer may take'),
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

const BlockdevOptionsNbd = struct('BlockdevOptionsNbd', {
  server: req(SocketAddress, 'where the server is'),
  export: opt(str, 'name of the export; by default the empty one'),
  'tls-creds': opt(str, 'object with the keys for TLS'),
  'tls-hostname': opt(str, 'name that the certificate of the server must have'),
  'x-dirty-bitmap': opt(str, 'context that is shown in place of what is allocated', { features: ['unstable'] }),
  'reconnect-delay': opt(uint32.wide, 'seconds for which requests wait for a server that has gone'),
  'open-timeout': opt(uint32.wide, 'seconds for which a server that is not there is tried again'),
})

const BlockdevOptionsNull = struct('BlockdevOptionsNull', {
  size: opt(int.wide, 'bytes that the guest sees'),
  'latency-ns': opt(size.wide, 'how long a request takes, in nanoseconds'),
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
export const BlockdevRef = later<string | BlockdevOptions>(() =>
  either('BlockdevRef', { object: BlockdevOptions, string: str }),
)

const BlockdevRefOrNull = later<string | null | BlockdevOptions>(() =>
  either('BlockdevRefOrNull', { object: BlockdevOptions, string: str, null: nil }),
)

const BlockdevOptionsRaw = struct('BlockdevOptionsRaw', {
  file: req(BlockdevRef, 'the node below'),
  offset: opt(int.wide, 'where the image begins in it, in bytes'),
  size: opt(int.wide, 'how long the image is, in bytes'),
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
  base: { format: req(oneOf('BlockdevQcow2EncryptionFormat', ['aes', 'luks']), 'how the image is encrypted') },
  discriminator: 'format',
  branches: {
    aes: struct('QCryptoBlockOptionsQCow', {
      'key-secret': opt(str, 'name of the secret with the password'),
    }),
    luks: struct('QCryptoBlockOptionsLUKS', {
      'key-secret': opt(str, 'name of the secret with the password'),
    }),
  },
})

const Qcow2OverlapCheckMode = oneOf('Qcow2OverlapCheckMode', ['none', 'constant', 'cached', 'all'])

const Qcow2OverlapChecks = either('Qcow2OverlapChecks', {
  object: struct('Qcow2OverlapCheckFlags', {
    template: opt(Qcow2OverlapCheckMode, 'what holds for the tables that are not named; by default `cached`'),
    'main-header': opt(bool, 'whether the header is guarded'),
    'active-l1': opt(bool, 'whether the L1 table is guarded'),
    'active-l2': opt(bool, 'whether L2 tables are guarded'),
    'refcount-table': opt(bool, 'whether the table of reference counts is guarded'),
    'refcount-block': opt(bool, 'whether reference counts are guarded'),
    'snapshot-table': opt(bool, 'whether the table of snapshots is guarded'),
    'inactive-l1': opt(bool, 'whether L1 tables of snapshots are guarded'),
    'inactive-l2': opt(bool, 'L2 tables of snapshots alone: makes no difference'),
    'bitmap-directory': opt(bool, 'the directory of bitmaps: makes no difference'),
  }),
  string: Qcow2OverlapCheckMode,
})

const BlockdevOptionsQcow2 = struct('BlockdevOptionsQcow2', {
  file: req(BlockdevRef, 'the node below'),
  backing: opt(BlockdevRefOrNull, 'the backing image, in place of the one that the image names; null for none'),
  'lazy-refcounts': opt(bool, 'whether reference counts may lag behind'),
  'pass-discard-request': opt(bool, 'whether discards of the guest reach the node below'),
  'pass-discard-snapshot': opt(bool, 'whether clusters of deleted snapshots are discarded below'),
  'pass-discard-other': opt(bool, 'whether other clusters that are free again are discarded below'),
  'overlap-check': opt(Qcow2OverlapChecks, 'which tables are guarded against writes that would hit them'),
  'cache-size': opt(int.wide, 'bytes for tables in memory'),
  'l2-cache-size': opt(int.wide, 'bytes for the tables that map clusters'),
  'l2-cache-entry-size': opt(int.wide, 'bytes in a piece of them'),
  'refcount-cache-size': opt(int.wide, 'bytes for reference counts'),
  'cache-clean-interval': opt(int.wide, 'seconds after which tables that nobody uses leave memory'),
  'data-file': opt(BlockdevRef, 'the node that holds the data alone'),
  encrypt: opt(BlockdevQcow2Encryption, 'what unlocks an image that is encrypted'),
})

const BlkdebugEvent = oneOf('BlkdebugEvent', debugEvents)

const BlkdebugInjectErrorOptions = struct('BlkdebugInjectErrorOptions', {
  event: req(BlkdebugEvent, 'what sets the rule off; `none` is the opening of the node'),
  state: opt(int.wide, 'only in this state'),
  iotype: opt(
    oneOf('BlkdebugIOType', ['read', 'write', 'write-zeroes', 'discard', 'flush']),
    'which requests fail; by default all',
  ),
  errno: opt(int.wide, 'number of the error; by default EIO'),
  sector: opt(int.wide, 'only requests that touch this sector'),
  once: opt(bool, 'only one request fails'),
  immediately: opt(bool, 'fail without waiting: makes no difference'),
})

const BlkdebugSetStateOptions = struct('BlkdebugSetStateOptions', {
  event: req(BlkdebugEvent, 'what sets the rule off'),
  state: opt(int.wide, 'only in this state'),
  new_state: req(int.wide, 'the state that begins then'),
})

const BlockPermission = oneOf('BlockPermission', ['consistent-read', 'write', 'write-unchanged', 'resize'])

const BlockdevOptionsBlkdebug = struct('BlockdevOptionsBlkdebug', {
  image: req(BlockdevRef, 'the node below'),
  'inject-error': opt(list(BlkdebugInjectErrorOptions), 'which requests fail'),
  'set-state': opt(list(BlkdebugSetStateOptions), 'changes of state'),
  'take-child-perms': opt(list(BlockPermission), 'what it wants to do with the node below, whatever its users do'),
  'unshare-child-perms': opt(list(BlockPermission), 'what nobody else may do with the node below'),
})

const BlockdevOptionsThrottle = struct('BlockdevOptionsThrottle', {
  'throttle-group': req(str, 'name of the throttle group'),
  file: req(BlockdevRef, 'the node below'),
})

const BlockdevOptionsCor = struct('BlockdevOptionsCor', {
  file: req(BlockdevRef, 'the node below'),
  bottom: opt(str, 'node of the last image of which something is copied', { complete: 'node' }),
})

const BlockdevOptionsCbw = struct('BlockdevOptionsCbw', {
  file: req(BlockdevRef, 'the node below'),
  target: req(BlockdevRef, 'where what is overwritten is copied to'),
  bitmap: opt(BlockDirtyBitmap, 'what is copied; all by default'),
  'on-cbw-error': opt(
    oneOf('OnCbwError', copyErrorPolicies),
    'what fails when a copy does: the write, which is the default, or the copy',
  ),
  'cbw-timeout': opt(uint32, 'seconds that a write waits for its copy; 0, the default, for as long as it takes'),
})

const BlockdevOptionsPreallocate = struct('BlockdevOptionsPreallocate', {
  file: req(BlockdevRef, 'the node below'),
  'prealloc-align': opt(int.wide, 'of what the length of the file is a multiple, in bytes; a MiB by default'),
  'prealloc-size': opt(int.wide, 'how much room is taken at once, in bytes; 128 MiB by default'),
})

/** The drivers of this version. */
const blockdevDrivers = [
  'blkdebug',
  'compress',
  'copy-before-write',
  'copy-on-read',
  'file',
  'host_device',
  'http',
  'https',
  'luks',
  'nbd',
  'null-aio',
  'null-co',
  'preallocate',
  'qcow2',
  'raw',
  'snapshot-access',
  'throttle',
  'vdi',
  'vmdk',
  'vpc',
] as const

export const BlockdevDriver = oneOf('BlockdevDriver', blockdevDrivers)

const members = {
  driver: req(BlockdevDriver, 'how it keeps its bytes'),
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
  'force-share': opt(bool, 'open it, for reading, whatever others do with it'),
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
    compress: BlockdevOptionsGenericFormat,
    'copy-before-write': BlockdevOptionsCbw,
    'copy-on-read': BlockdevOptionsCor,
    file: BlockdevOptionsFile,
    host_device: BlockdevOptionsFile,
    http: BlockdevOptionsCurlHttp,
    https: BlockdevOptionsCurlHttps,
    luks: BlockdevOptionsLUKS,
    nbd: BlockdevOptionsNbd,
    'null-aio': BlockdevOptionsNull,
    'null-co': BlockdevOptionsNull,
    preallocate: BlockdevOptionsPreallocate,
    qcow2: BlockdevOptionsQcow2,
    raw: BlockdevOptionsRaw,
    'snapshot-access': BlockdevOptionsGenericFormat,
    throttle: BlockdevOptionsThrottle,
    vdi: BlockdevOptionsGenericFormat,
    vmdk: BlockdevOptionsGenericCOWFormat,
    vpc: BlockdevOptionsGenericFormat,
  },
}) as ObjectType<Infer<ObjectType<BlockdevOptions>>>
