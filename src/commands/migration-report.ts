import { isOnItsWay, type MigrationControl, type MigrationStatistics, pageBytes } from '../migration/index.ts'
import type { Infer } from '../qapi/index.ts'
import type { Address } from '../transport/index.ts'
import type { MigrationInfo } from './migration-types.ts'
import type { SocketAddress } from './socket-address.ts'

/** How a migration goes, in the words of the protocol. */
type Reporting = Pick<MigrationControl, 'report' | 'blockers' | 'parameters' | 'capabilities'>

export function migrationInfo(migrations: Reporting): Infer<typeof MigrationInfo> {
  const { report, blockers } = migrations
  const { status, error, statistics, listensAt } = report
  return {
    ...(status !== 'none' && { status }),
    ...(statistics !== undefined && statusMembers(migrations, statistics)),
    ...(blockers.length > 0 && { 'blocked-reasons': [...blockers] }),
    ...(status === 'failed' && error !== undefined && { 'error-desc': error }),
    ...(listensAt !== undefined && { 'socket-address': [socketAddress(listensAt)] }),
  }
}

function statusMembers({ report: { status }, parameters, capabilities }: Reporting, statistics: MigrationStatistics) {
  if (status === 'setup' || (status !== 'completed' && !isOnItsWay(status)) || status === 'cancelling') return {}
  return {
    'setup-time': statistics.setupMs,
    'total-time': statistics.totalMs,
    ...(status === 'completed'
      ? { downtime: statistics.downtimeMs ?? 0 }
      : { 'expected-downtime': parameters.downtimeLimit }),
    ram: ramMembers(statistics),
    ...(status !== 'completed' && statistics.disks !== undefined && { disk: diskMembers(statistics.disks) }),
    ...(statistics.throttlePercentage > 0 && { 'cpu-throttle-percentage': statistics.throttlePercentage }),
    ...(capabilities.has('xbzrle') && { 'xbzrle-cache': cacheMembers(statistics, Number(parameters.xbzrleCacheSize)) }),
  }
}

function ramMembers(statistics: MigrationStatistics) {
  const { bandwidth, normalPages, remainingPages } = statistics
  return {
    transferred: statistics.transferred,
    remaining: remainingPages * pageBytes,
    total: statistics.totalBytes,
    duplicate: statistics.zeroPages,
    skipped: 0,
    normal: normalPages,
    'normal-bytes': normalPages * pageBytes,
    'dirty-pages-rate': statistics.dirtyRate,
    mbps: (bandwidth * 8) / 1e6,
    'dirty-sync-count': statistics.passes,
    'postcopy-requests': 0,
    'page-size': pageBytes,
    'multifd-bytes': 0,
    'pages-per-second': Math.round(bandwidth / pageBytes),
    'precopy-bytes': statistics.liveBytes,
    'downtime-bytes': statistics.stoppedBytes,
    'postcopy-bytes': 0,
    'dirty-sync-missed-zero-copy': 0,
  }
}

/** As QEMU counts: what has been gone through once; changes are not counted, and nothing else is. */
function diskMembers({ totalBytes, passedBytes }: NonNullable<MigrationStatistics['disks']>) {
  return {
    transferred: passedBytes,
    remaining: totalBytes - passedBytes,
    total: totalBytes,
    duplicate: 0,
    skipped: 0,
    normal: 0,
    'normal-bytes': 0,
    'dirty-pages-rate': 0,
    mbps: 0,
    'dirty-sync-count': 0,
    'postcopy-requests': 0,
    'page-size': 0,
    'multifd-bytes': 0,
    'pages-per-second': 0,
    'precopy-bytes': 0,
    'downtime-bytes': 0,
    'postcopy-bytes': 0,
    'dirty-sync-missed-zero-copy': 0,
  }
}

function cacheMembers({ cache, normalPages }: MigrationStatistics, size: number) {
  const { pages = 0, bytes = 0, misses = 0, overflows = 0, lookups = 0 } = cache ?? {}
  return {
    'cache-size': size,
    bytes,
    pages,
    'cache-miss': misses,
    'cache-miss-rate': lookups === 0 || normalPages === 0 ? 0 : misses / lookups,
    'encoding-rate': bytes === 0 ? 0 : (pages * pageBytes) / bytes,
    overflow: overflows,
  }
}

function socketAddress(address: Address): Infer<typeof SocketAddress> {
  switch (address.type) {
    case 'unix':
      return { type: 'unix', path: address.path }
    case 'inet':
      return { type: 'inet', host: address.host, port: `${address.port}` }
    case 'fd':
      return { type: 'fd', str: `${address.fd}` }
  }
}
