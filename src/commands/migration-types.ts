import { capabilityNames, MigrationStatusName } from '../migration/index.ts'
import {
  bool,
  either,
  int,
  list,
  type Members,
  nil,
  number,
  oneOf,
  opt,
  req,
  size,
  str,
  struct,
  uint8,
  uint32,
  uint64,
} from '../qapi/index.ts'
import { SocketAddress } from './socket-address.ts'

export const MigrationCapability = oneOf('MigrationCapability', capabilityNames, {
  'x-colo': ['unstable'],
  'x-ignore-shared': ['unstable'],
})

export const MigrationCapabilityStatus = struct('MigrationCapabilityStatus', {
  capability: req(MigrationCapability, 'what can be switched on'),
  state: req(bool, 'whether it is on'),
})

const MigrationStats = struct('MigrationStats', {
  transferred: req(int, 'bytes that have gone out'),
  remaining: req(int, 'bytes that still have to go, as far as is known'),
  total: req(int, 'bytes of all memory that the guest can have in its address space'),
  duplicate: req(int, 'pages of zeros, which take no room'),
  skipped: req(int, 'always 0'),
  normal: req(int, 'pages that have gone out whole'),
  'normal-bytes': req(int, 'their bytes'),
  'dirty-pages-rate': req(int, 'pages that the guest changes in a second'),
  mbps: req(number, 'megabits a second that have gone out on average'),
  'dirty-sync-count': req(int, 'passes over RAM that have begun'),
  'postcopy-requests': req(int, 'always 0'),
  'page-size': req(int, 'bytes of a page'),
  'multifd-bytes': req(uint64, 'always 0'),
  'pages-per-second': req(uint64, 'pages that go out in a second'),
  'precopy-bytes': req(uint64, 'bytes that went out while the guest ran'),
  'downtime-bytes': req(uint64, 'bytes that went out while it stood still'),
  'postcopy-bytes': req(uint64, 'always 0'),
  'dirty-sync-missed-zero-copy': req(uint64, 'always 0'),
})

const XBZRLECacheStats = struct('XBZRLECacheStats', {
  'cache-size': req(size, 'bytes of the cache'),
  bytes: req(int, 'bytes that differences have taken'),
  pages: req(int, 'pages of which only the differences went'),
  'cache-miss': req(int, 'pages that were not in the cache'),
  'cache-miss-rate': req(number, 'part of the pages that were not in the cache'),
  'encoding-rate': req(number, 'how many times smaller differences are than their pages'),
  overflow: req(int, 'pages whose differences would have taken more room than they do'),
})

const CompressionStats = struct('CompressionStats', {
  pages: req(int, 'pages that were compressed'),
  busy: req(int, 'always 0'),
  'busy-rate': req(number, 'always 0'),
  'compressed-size': req(int, 'bytes that they took'),
  'compression-rate': req(number, 'how many times smaller they became'),
})

export const MigrationInfo = struct('MigrationInfo', {
  status: opt(MigrationStatusName, 'where it stands; absent before the first one'),
  ram: opt(MigrationStats, 'what has gone out, of one that is on its way or has been completed'),
  disk: opt(MigrationStats, 'the same of disks'),
  vfio: opt(struct('VfioStats', { transferred: req(int, 'bytes') }), 'never there'),
  'xbzrle-cache': opt(XBZRLECacheStats, 'pages of which only the differences went, if the capability xbzrle is on'),
  'total-time': opt(int, 'milliseconds since it began, or that it took'),
  'expected-downtime': opt(int, 'milliseconds that the guest may stand still'),
  downtime: opt(int, 'milliseconds that it did stand still'),
  'setup-time': opt(int, 'milliseconds until the first page went out'),
  'cpu-throttle-percentage': opt(int, 'by how much the guest is slowed down'),
  'error-desc': opt(str, 'why it has failed. For a person: not for programs'),
  'blocked-reasons': opt(list(str), 'why the machine cannot be sent'),
  'postcopy-blocktime': opt(uint32, 'never there'),
  'postcopy-vcpu-blocktime': opt(list(uint32), 'never there'),
  compression: opt(CompressionStats, 'never there'),
  'socket-address': opt(list(SocketAddress), 'where the machine listens for one that comes'),
})

export const MultiFDCompression = oneOf('MultiFDCompression', ['none', 'zlib', 'zstd'])

const BitmapMigrationBitmapAlias = struct('BitmapMigrationBitmapAlias', {
  name: req(str, 'name of the bitmap here'),
  alias: req(str, 'its name in the stream'),
  transform: opt(
    struct('BitmapMigrationBitmapAliasTransform', {
      persistent: opt(bool, 'whether it is kept in the image at the other side'),
    }),
    'what is changed on the way',
  ),
})

const BitmapMigrationNodeAlias = struct('BitmapMigrationNodeAlias', {
  'node-name': req(str, 'the node here'),
  alias: req(str, 'its name in the stream'),
  bitmaps: req(list(BitmapMigrationBitmapAlias), 'its bitmaps'),
})

const StrOrNull = either('StrOrNull', { string: str, null: nil })

/** The parameters, in the order in which QEMU declares them; those about TLS can be taken away by null when they are set. */
function parameterMembers<T extends typeof str | typeof StrOrNull>(text: T) {
  return {
    'announce-initial': opt(
      size.wide,
      'milliseconds before the network is told for the first time where the machine is',
    ),
    'announce-max': opt(size.wide, 'milliseconds between two times at the most'),
    'announce-rounds': opt(size.wide, 'how often'),
    'announce-step': opt(size.wide, 'milliseconds that are added each time'),
    'compress-level': opt(uint8, '0 to 9'),
    'compress-threads': opt(uint8, 'makes no difference'),
    'compress-wait-thread': opt(bool, 'makes no difference'),
    'decompress-threads': opt(uint8, 'makes no difference'),
    'throttle-trigger-threshold': opt(
      uint8,
      'percentage of what was sent that has changed meanwhile, from which the guest is slowed down',
    ),
    'cpu-throttle-initial': opt(uint8, 'percentage by which the guest is slowed down at first'),
    'cpu-throttle-increment': opt(uint8, 'percentage by which it is slowed down more'),
    'cpu-throttle-tailslow': opt(bool, 'whether it is slowed down by no more than is needed'),
    'tls-creds': opt(text as T, 'id of an object with credentials; empty for no TLS'),
    'tls-hostname': opt(text as T, 'name that the certificate of the other side must have'),
    'tls-authz': opt(text as T, 'id of an object that says who may come'),
    'max-bandwidth': opt(size.wide, 'bytes a second; 0 for no limit'),
    'downtime-limit': opt(uint64.wide, 'milliseconds that the guest may stand still'),
    'x-checkpoint-delay': opt(uint32, 'makes no difference', { features: ['unstable'] }),
    'block-incremental': opt(bool, 'makes no difference'),
    'multifd-channels': opt(uint8, 'makes no difference'),
    'xbzrle-cache-size': opt(size.wide, 'bytes, a power of two'),
    'max-postcopy-bandwidth': opt(size.wide, 'makes no difference'),
    'max-cpu-throttle': opt(uint8, 'percentage by which the guest is slowed down at the most'),
    'multifd-compression': opt(MultiFDCompression, 'makes no difference'),
    'multifd-zlib-level': opt(uint8, 'makes no difference: it is not even kept'),
    'multifd-zstd-level': opt(uint8, 'makes no difference: it is not even kept'),
    'block-bitmap-mapping': opt(
      list(BitmapMigrationNodeAlias),
      'the only dirty bitmaps that go or come, and their names in the stream; absent, all do, by their own names',
    ),
  } satisfies Members
}

export const MigrationParameters = struct('MigrationParameters', parameterMembers(str))
export const MigrateSetParameters = struct('MigrateSetParameters', parameterMembers(StrOrNull))
