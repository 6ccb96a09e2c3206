import { reasonText } from '../../errno/index.ts'
import { type FrameWay, type NetClient, type NetSet, PcapFile } from '../../net/index.ts'
import { memberAt, oneOf, opt, req, root, str, struct, type Type, uint32 } from '../../qapi/index.ts'
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

const directions = oneOf('NetFilterDirection', ['all', 'rx', 'tx'])
const FilterDumpProperties = struct('FilterDumpProperties', {
  netdev: req(str, 'the back end whose frames are kept'),
  queue: opt(directions, 'which: those that come to it, those that it sends, or all'),
  status: opt(str, '`off`, and nothing is kept for now'),
  position: opt(str, 'where it is among the filters of the back end: `head`, `tail`, `id=` and the name of another'),
  insert: opt(oneOf('NetfilterInsert', ['before', 'behind']), 'on which side of that'),
  file: req(str, 'the file; what was in it is lost'),
  maxlen: opt(uint32, 'how many bytes of each frame are kept (default 65536)'),
})

/** What its properties are now. */
type Now = Required<Omit<Options, 'insert'>> & { readonly insert: string }

const usualLength = 65_536

function checkStatus(status: string): void {
  if (status !== 'on' && status !== 'off') refused("Invalid value for netfilter status, should be 'on' or 'off'")
}

function checkInsert(insert: string): void {
  if (insert !== 'before' && insert !== 'behind')
    refused("Invalid value for netfilter insert, should be 'before' or 'behind'")
}

function checkLength(length: number): void {
  if (length === 0) refused("Property 'filter-dump.maxlen' doesn't take value '0'")
}

/** Keeps the frames of a back end in a file, as tcpdump reads it. */
export function filterDump(networks: FilteredNetworks, gone: (id: string) => void): ObjectKind<Options> {
  return {
    options: FilterDumpProperties,
    make(said, id): MadeObject {
      const { position = 'tail', insert = 'behind', queue = 'all', status = 'on', maxlen = usualLength } = said
      const { netdev, file } = said
      checkStatus(status)
      checkLength(maxlen)
      if (position !== 'head' && position !== 'tail' && !position.startsWith('id='))
        refused("Parameter 'position' expects 'head', 'tail' or 'id=<id>'")
      const now: Now = { netdev, queue, status, position, insert, file, maxlen }
      let pcap: PcapFile | undefined
      let client: NetClient | undefined
      const text = (): string =>
        [
          ...[`type=filter-dump,file=${now.file},maxlen=${now.maxlen},position=${now.position},status=${now.status}`],
          ...[`insert=${now.insert},netdev=${now.netdev},queue=${now.queue}`],
        ].join(',')
      const tap = {
        seen(frame: Uint8Array, way: FrameWay) {
          if (now.status === 'on' && (now.queue === 'all' || now.queue === way)) pcap?.add(frame)
        },
        gone: () => gone(id),
      }
      return {
        access: accessOf(now),
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

/** All of it can be set; what says where the frames go to matters only when the object is made. */
function accessOf(now: Now): Readonly<Record<string, ClassAccess>> {
  const property = <T extends number | string>(
    name: keyof Now,
    type: Type<T>,
    check: (value: T) => unknown = () => undefined,
  ): ClassAccess => ({
    get: () => now[name],
    set: (wanted) => {
      const value = type.decode(wanted, memberAt(root, name))
      check(value)
      Object.assign(now, { [name]: value })
    },
  })
  return {
    queue: property('queue', directions),
    netdev: property('netdev', str),
    insert: property('insert', str, checkInsert),
    status: property('status', str, checkStatus),
    position: property('position', str),
    maxlen: property('maxlen', uint32, checkLength),
    file: property('file', str),
  }
}
