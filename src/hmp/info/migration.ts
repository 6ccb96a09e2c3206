import type { Returned } from '../../commands/index.ts'
import { hmpFamily } from '../hmp-command.ts'

const topic = hmpFamily<{}>()

/** How migrations go, and what limits them. */
export const migrationTopics = {
  migrate: topic({
    args: '',
    params: '',
    help: 'show migration status',
    async run({ qmp, print }) {
      print(globals)
      const info = await qmp('query-migrate')
      const blocked = info['blocked-reasons']
      if (blocked !== undefined)
        print(`Outgoing migration blocked:\n${blocked.map((reason) => `  ${reason}\n`).join('')}`)
      print(statusText(info))
      if (info.ram !== undefined) print(ramText(info.ram))
      if (info.disk !== undefined) print(diskText(info.disk))
      if (info['xbzrle-cache'] !== undefined) print(cacheText(info['xbzrle-cache']))
      if (info['cpu-throttle-percentage'] !== undefined)
        print(`cpu throttle percentage: ${info['cpu-throttle-percentage']}\n`)
      if (info['socket-address'] !== undefined)
        print(`socket address: [\n${info['socket-address'].map((each) => `\t${addressText(each)}\n`).join('')}]\n`)
    },
  }),
  migrate_capabilities: topic({
    args: '',
    params: '',
    help: 'show current migration capabilities',
    async run({ qmp, print }) {
      for (const { capability, state } of await qmp('query-migrate-capabilities'))
        print(`${capability}: ${switchText(state)}\n`)
    },
  }),
  migrate_parameters: topic({
    args: '',
    params: '',
    help: 'show current migration parameters',
    async run({ qmp, print }) {
      const all = await qmp('query-migrate-parameters')
      const parameters: Readonly<Record<string, unknown>> = all
      for (const [name, unit] of Object.entries(units)) print(`${name}: ${valueText(parameters[name], unit)}\n`)
      print(mappingText(all['block-bitmap-mapping']))
    },
  }),
}

const globals = `globals:
store-global-state: on
only-migratable: off
send-configuration: on
send-section-footer: on
decompress-error-check: on
clear-bitmap-shift: 18
`

/** The parameters in the order in which they are shown, with what stands behind their values. */
const units: Readonly<Record<string, string>> = {
  'announce-initial': ' ms',
  'announce-max': ' ms',
  'announce-rounds': '',
  'announce-step': ' ms',
  'compress-level': '',
  'compress-threads': '',
  'compress-wait-thread': '',
  'decompress-threads': '',
  'throttle-trigger-threshold': '',
  'cpu-throttle-initial': '',
  'cpu-throttle-increment': '',
  'cpu-throttle-tailslow': '',
  'max-cpu-throttle': '',
  'tls-creds': "'",
  'tls-hostname': "'",
  'max-bandwidth': ' bytes/second',
  'downtime-limit': ' ms',
  'x-checkpoint-delay': ' ms',
  'block-incremental': '',
  'multifd-channels': '',
  'multifd-compression': '',
  'xbzrle-cache-size': ' bytes',
  'max-postcopy-bandwidth': '',
  'tls-authz': "'",
}

function mappingText(mapping: Returned<'query-migrate-parameters'>['block-bitmap-mapping']): string {
  if (mapping === undefined) return ''
  const lines = mapping.flatMap(({ 'node-name': node, alias, bitmaps }) => [
    `  '${node}' -> '${alias}'`,
    ...bitmaps.map((bitmap) => `    '${bitmap.name}' -> '${bitmap.alias}'`),
  ])
  return ['block-bitmap-mapping:', ...lines].map((line) => `${line}\n`).join('')
}

function valueText(value: unknown, unit: string): string {
  if (typeof value === 'boolean') return switchText(value)
  return unit === "'" ? `'${value}'` : `${value}${unit}`
}

function statusText(info: Returned<'query-migrate'>): string {
  if (info.status === undefined) return ''
  const why = info.status === 'failed' && info['error-desc'] !== undefined ? ` (${info['error-desc']})` : ''
  const lines = [`Migration status: ${info.status}${why}`, `total time: ${info['total-time'] ?? 0} ms`]
  if (info['expected-downtime'] !== undefined) lines.push(`expected downtime: ${info['expected-downtime']} ms`)
  if (info.downtime !== undefined) lines.push(`downtime: ${info.downtime} ms`)
  if (info['setup-time'] !== undefined) lines.push(`setup: ${info['setup-time']} ms`)
  return lines.map((line) => `${line}\n`).join('')
}

function ramText(ram: NonNullable<Returned<'query-migrate'>['ram']>): string {
  const lines = [
    `transferred ram: ${kilobytes(ram.transferred)}`,
    `throughput: ${ram.mbps.toFixed(2)} mbps`,
    `remaining ram: ${kilobytes(ram.remaining)}`,
    `total ram: ${kilobytes(ram.total)}`,
    `duplicate: ${ram.duplicate} pages`,
    `skipped: ${ram.skipped} pages`,
    `normal: ${ram.normal} pages`,
    `normal bytes: ${kilobytes(ram['normal-bytes'])}`,
    `dirty sync count: ${ram['dirty-sync-count']}`,
    `page size: ${kilobytes(ram['page-size'])}`,
    `multifd bytes: ${kilobytes(ram['multifd-bytes'])}`,
    `pages-per-second: ${ram['pages-per-second']}`,
  ]
  if (ram['dirty-pages-rate'] > 0) lines.push(`dirty pages rate: ${ram['dirty-pages-rate']} pages`)
  if (ram['precopy-bytes'] > 0) lines.push(`precopy ram: ${kilobytes(ram['precopy-bytes'])}`)
  if (ram['downtime-bytes'] > 0) lines.push(`downtime ram: ${kilobytes(ram['downtime-bytes'])}`)
  return lines.map((line) => `${line}\n`).join('')
}

function diskText({ transferred, remaining, total }: NonNullable<Returned<'query-migrate'>['disk']>): string {
  return [
    `transferred disk: ${kilobytes(transferred)}`,
    `remaining disk: ${kilobytes(remaining)}`,
    `total disk: ${kilobytes(total)}`,
  ]
    .map((line) => `${line}\n`)
    .join('')
}

function cacheText(cache: NonNullable<Returned<'query-migrate'>['xbzrle-cache']>): string {
  return [
    `cache size: ${cache['cache-size']} bytes`,
    `xbzrle transferred: ${kilobytes(cache.bytes)}`,
    `xbzrle pages: ${cache.pages} pages`,
    `xbzrle cache miss: ${cache['cache-miss']} pages`,
    `xbzrle cache miss rate: ${cache['cache-miss-rate'].toFixed(2)}`,
    `xbzrle encoding rate: ${cache['encoding-rate'].toFixed(2)}`,
    `xbzrle overflow: ${cache.overflow}`,
  ]
    .map((line) => `${line}\n`)
    .join('')
}

function addressText(address: NonNullable<Returned<'query-migrate'>['socket-address']>[number]): string {
  switch (address.type) {
    case 'unix':
      return `unix:${address.path}`
    case 'inet':
      return `tcp:${address.host}:${address.port}`
    default:
      return address.type
  }
}

function kilobytes(bytes: number): string {
  return `${Math.floor(bytes / 1024)} kbytes`
}

function switchText(on: boolean): string {
  return on ? 'on' : 'off'
}
