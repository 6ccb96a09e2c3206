import { imageText } from '../../block/index.ts'
import type { Returned } from '../../commands/index.ts'
import { hmpFamily } from '../hmp-command.ts'

const topic = hmpFamily<{}>()

type BlockInfo = Returned<'query-block'>[number]
type BlockDeviceInfo = Returned<'query-named-block-nodes'>[number]

/** Drives and nodes. */
export const blockTopics = {
  block: topic({
    args: 'nodes:-n,verbose:-v,device:B?',
    params: '[-n] [-v] [device]',
    help: 'show info of one block device or all block devices (-n: show named nodes; -v: show details)',
    async run({ qmp, print }, { nodes, verbose, device }) {
      const drives = nodes ? [] : await qmp('query-block')
      const shown = drives.flatMap((drive, index) =>
        device === undefined || drive.device === device ? [withGap(index, driveText(drive, verbose))] : [],
      )
      if (shown.length > 0 || (device === undefined && !nodes)) {
        print(shown.join(''))
        return
      }
      const named = await qmp('query-named-block-nodes')
      for (const [index, node] of named.entries()) {
        if (device !== undefined && node['node-name'] !== device) continue
        print(withGap(index, mediumText(node['node-name'] ?? '<anonymous>', node, { verbose })))
      }
    },
  }),
  blockstats: topic({
    args: '',
    params: '',
    help: 'show block device statistics',
    async run({ qmp, print }) {
      for (const { device, stats } of await qmp('query-blockstats')) {
        if (device === undefined) continue
        const counters = statisticsMembers.map((name) => ` ${name}=${stats[name] ?? 0}`).join('')
        print(`${device}:${counters}\n`)
      }
    },
  }),
}

const statisticsMembers = [
  'rd_bytes',
  'wr_bytes',
  'rd_operations',
  'wr_operations',
  'flush_operations',
  'wr_total_time_ns',
  'rd_total_time_ns',
  'flush_total_time_ns',
  'rd_merged',
  'wr_merged',
  'idle_time_ns',
] as const

/** An empty line before all but the first of the whole list, whether that is shown or not. */
function withGap(index: number, text: string): string {
  return index === 0 ? text : `\n${text}`
}

function driveText(drive: BlockInfo, verbose: boolean): string {
  const { device, qdev, inserted } = drive
  const node = inserted?.['node-name']
  const name = device === '' ? (node ?? qdev ?? '<anonymous>') : node === undefined ? device : `${device} (${node})`
  return mediumText(name, inserted, { drive, verbose })
}

/** A drive with its medium, or a node alone. */
function mediumText(
  name: string,
  medium: BlockDeviceInfo | undefined,
  { drive, verbose }: { drive?: BlockInfo; verbose: boolean },
): string {
  const lines = [`${name}: ${medium === undefined ? '[not inserted]' : shortText(medium)}`]
  if (drive !== undefined) lines.push(...driveLines(drive))
  if (medium !== undefined) lines.push(...mediumLines(medium))
  const images = verbose && medium !== undefined ? `\nImages:\n${chainText(medium.image)}` : ''
  return `${lines.join('\n')}\n${images}`
}

/** An image and those behind it. */
function chainText(image: BlockDeviceInfo['image']): string {
  const { 'backing-image': behind } = image
  return imageText(image) + (behind === undefined ? '' : chainText(behind))
}

function shortText({ file, drv, ro, encrypted }: BlockDeviceInfo): string {
  return `${file} (${drv}${ro ? ', read-only' : ''}${encrypted ? ', encrypted' : ''})`
}

function driveLines({ qdev, 'io-status': ioStatus, removable, locked, tray_open }: BlockInfo): string[] {
  return [
    ...(qdev === undefined ? [] : [`    Attached to:      ${qdev}`]),
    ...(ioStatus === undefined || ioStatus === 'ok' ? [] : [`    I/O status:       ${ioStatus}`]),
    ...(removable
      ? [`    Removable device: ${locked ? '' : 'not '}locked, tray ${tray_open === true ? 'open' : 'closed'}`]
      : []),
  ]
}

function mediumLines(medium: BlockDeviceInfo): string[] {
  const { cache, backing_file, backing_file_depth, detect_zeroes } = medium
  const mode = cache.writeback ? 'writeback' : 'writethrough'
  return [
    `    Cache mode:       ${mode}${cache.direct ? ', direct' : ''}${cache['no-flush'] ? ', ignore flushes' : ''}`,
    ...(backing_file === undefined
      ? []
      : [`    Backing file:     ${backing_file} (chain depth: ${backing_file_depth})`]),
    ...(detect_zeroes === 'off' ? [] : [`    Detect zeroes:    ${detect_zeroes}`]),
    ...throttlingLines(medium),
  ]
}

const limits = ['bps', 'bps_rd', 'bps_wr', 'iops', 'iops_rd', 'iops_wr'] as const
const shownLimits = [
  'bps',
  'bps_rd',
  'bps_wr',
  'bps_max',
  'bps_rd_max',
  'bps_wr_max',
  'iops',
  'iops_rd',
  'iops_wr',
  'iops_max',
  'iops_rd_max',
  'iops_wr_max',
  'iops_size',
] as const

function throttlingLines(medium: BlockDeviceInfo): string[] {
  if (limits.every((limit) => Number(medium[limit]) === 0)) return []
  const text = shownLimits.map((limit) => `${limit}=${medium[limit] ?? 0}`).join(' ')
  return [`    I/O throttling:   ${text} group=${medium.group}`]
}
