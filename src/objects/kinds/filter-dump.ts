import { reasonText } from '../../errno/index.ts'
import { type FrameWay, type NetClient, type NetSet, PcapFile } from '../../net/index.ts'
import { oneOf, opt, QmpError, req, str, struct, uint32 } from '../../qapi/index.ts'
import type { ClassAccess } from '../../qom/index.ts'
import { type MadeObject, type ObjectKind, refused } from '../object-kind.ts'

/** The networks that filters are put into; undefined as long as there are none. */
export type FilteredNetworks = () => Pick<NetSet, 'backend'> | undefined

interface Options {
  readonly netdev: string
  readonly queue?: 'all' | FrameWay
  readonly status?: string
  readonly position?: string
  readonly insert?: 'before' | 'behind'
  readonly file: string
  readonly maxlen?: number
}

const FilterDumpProperties = struct('FilterDumpProperties', {
  netdev: req(str, 'the back end whose frames are kept'),
  queue: opt(
    oneOf('NetFilterDirection', ['all', 'rx', 'tx']),
    'which: those that come to it, those that it sends, or all',
  ),
  status: opt(str, '`off`, and nothing is kept for now'),
  position: opt(str, 'where it is among the filters of the back end: `head`, `tail`, `id=` and the name of another'),
  insert: opt(oneOf('NetfilterInsert', ['before', 'behind']), 'on which side of that'),
  file: req(str, 'the file; what was in it is lost'),
  maxlen: opt(uint32, 'how many bytes of each frame are kept (default 65536)'),
})

const usualLength = 65_536
const checkStatus = (value: unknown): string => {
  if (value === 'on' || value === 'off') return value
  throw new QmpError('GenericError', "Invalid value for netfilter status, should be 'on' or 'off'")
}

/** Keeps the frames of a back end in a file, as tcpdump reads it. */
export function filterDump(networks: FilteredNetworks, gone: (id: string) => void): ObjectKind<Options> {
  return {
    options: FilterDumpProperties,
    make(said, id): MadeObject {
      const { position = 'tail', insert = 'behind', file } = said
      const now = { queue: said.queue ?? 'all', status: checkStatus(said.status ?? 'on'), netdev: said.netdev }
      let { maxlen = usualLength } = said
      if (maxlen === 0) refused("Property 'filter-dump.maxlen' doesn't take value '0'")
      if (position !== 'head' && position !== 'tail' && !position.startsWith('id='))
        refused("Parameter 'position' expects 'head', 'tail' or 'id=<id>'")
      let pcap: PcapFile | undefined
      let client: NetClient | undefined
      const text = (): string =>
        [
          ...[`type=filter-dump,file=${file},maxlen=${maxlen},position=${position},status=${now.status}`],
          ...[`insert=${insert},netdev=${now.netdev},queue=${now.queue}`],
        ].join(',')
      const tap = {
        seen(frame: Uint8Array, way: FrameWay) {
          if (now.status === 'on' && (now.queue === 'all' || now.queue === way)) pcap?.add(frame)
        },
        gone: () => gone(id),
      }
      return {
        access: accessOf({ now, position, insert, file, maxlen: () => maxlen, setMaxlen: (to) => (maxlen = to) }),
        complete() {
          client = networks()?.backend(said.netdev)
          if (client === undefined) refused("Parameter 'netdev' expects a network backend id")
          const at = placeOf(client!, position, insert)
          try {
            pcap = new PcapFile(file, maxlen)
          } catch (error) {
            refused(`net dump: can't open ${file}: ${reasonText(error)}`)
          }
          client!.taps.splice(at, 0, { name: id, tap, info: text })
        },
        close() {
          const at = client?.taps.findIndex((other) => other.tap === tap) ?? -1
          if (at >= 0) client!.taps.splice(at, 1)
          pcap?.close()
        },
      }
    },
  }
}

/** @throws {QmpError} in QEMU's words, if there is no filter of that name */
function placeOf({ taps }: NetClient, position: string, insert: NonNullable<Options['insert']>): number {
  if (position === 'head') return 0
  if (position === 'tail') return taps.length
  const other = position.slice('id='.length)
  const at = taps.findIndex(({ name }) => name === other)
  if (at < 0) refused(`filter '${other}' not found`)
  return insert === 'before' ? at : at + 1
}

/** Most of it can be set, and matters only when the object is made. */
function accessOf({
  now,
  position,
  insert,
  file,
  maxlen,
  setMaxlen,
}: {
  readonly now: { queue: string; status: string; netdev: string }
  readonly position: string
  readonly insert: string
  readonly file: string
  readonly maxlen: () => number
  readonly setMaxlen: (to: number) => void
}): Readonly<Record<string, ClassAccess>> {
  return {
    queue: {
      get: () => now.queue,
      set: (value) => {
        if (value !== 'all' && value !== 'rx' && value !== 'tx')
          refused(`Parameter 'queue' does not accept value '${value}'`)
        now.queue = String(value)
      },
    },
    netdev: {
      get: () => now.netdev,
      set: (value) => {
        now.netdev = String(value)
      },
    },
    insert: { get: () => insert },
    status: {
      get: () => now.status,
      set: (value) => {
        now.status = checkStatus(value)
      },
    },
    position: { get: () => position },
    maxlen: {
      get: maxlen,
      set: (value) => {
        if (value === 0) refused("Property 'filter-dump.maxlen' doesn't take value '0'")
        setMaxlen(Number(value))
      },
    },
    file: { get: () => file },
  }
}
