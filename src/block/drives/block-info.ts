import { pause } from '../../async/index.ts'
import { BlockError } from '../block-error.ts'
import { skipImplicit } from '../graph/allocation.ts'
import type { BlockNode } from '../graph/node.ts'
import type { NodeGraph } from '../graph/node-graph.ts'
import { type NodeInfo, nodeInfo } from '../graph/node-info.ts'
import type { ThrottleGroup } from '../throttling/throttle-group.ts'
import { type ThrottleKind, throttleKinds } from '../throttling/throttle-limits.ts'
import type { Drive } from './drive.ts'
import type { IoStatus } from './failed-requests.ts'

/** A drive as query-block shows it (QAPI's BlockInfo). */
export interface BlockInfo {
  readonly device: string
  readonly qdev?: string
  readonly type: 'unknown'
  readonly removable: boolean
  readonly locked: boolean
  readonly inserted?: BlockDeviceInfo
  readonly tray_open?: boolean
  readonly 'io-status'?: IoStatus
}

type Rates = Readonly<Record<'bps' | 'bps_rd' | 'bps_wr' | 'iops' | 'iops_rd' | 'iops_wr', number>>

/** What is in a drive (QAPI's BlockDeviceInfo). */
export interface BlockDeviceInfo extends NodeInfo, Rates {
  readonly iops_size?: number | bigint
  readonly group?: string
}

const wireNames: Readonly<Record<ThrottleKind, keyof Rates>> = {
  'bps-total': 'bps',
  'bps-read': 'bps_rd',
  'bps-write': 'bps_wr',
  'iops-total': 'iops',
  'iops-read': 'iops_rd',
  'iops-write': 'iops_wr',
}

/**
 * The drives as query-block shows them, in their order.
 *
 * @throws {BlockError} kind `io`, if a file cannot be asked for its size
 */
export function blockInfo(drives: Iterable<Drive>): Promise<BlockInfo[]> {
  return whileOpen(() => Promise.all([...drives].map(driveInfo)))
}

/** All nodes as query-named-block-nodes shows them: the newest first. @throws {BlockError} kind `io` */
export function namedNodes(graph: NodeGraph, { flat }: { readonly flat: boolean }): Promise<BlockDeviceInfo[]> {
  const infoOf = async (node: BlockNode) => ({ ...(await nodeInfo(node, { flat })), ...ratesOf(undefined) })
  return whileOpen(() => Promise.all(graph.inOrder.reverse().map(infoOf)))
}

/** Looks again if a node was closed meanwhile: a job has ended, say. */
async function whileOpen<T>(look: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await look()
    } catch (error) {
      if (!(error instanceof BlockError) || error.kind !== 'closed') throw error
      await pause(1) // it closes in its own time, which it must get
    }
  }
}

async function driveInfo(drive: Drive): Promise<BlockInfo> {
  const { node, device, ioStatus } = drive
  return {
    device: drive.id,
    ...(device === undefined ? {} : { qdev: device.path }),
    type: 'unknown',
    removable: drive.removable,
    locked: drive.locked,
    ...(node === undefined ? {} : { inserted: await insertedInfo(drive, node) }),
    ...(drive.hasTray ? { tray_open: drive.trayOpen } : {}),
    ...(ioStatus === undefined ? {} : { 'io-status': ioStatus }),
  }
}

async function insertedInfo({ writeback, throttleGroup }: Drive, node: BlockNode): Promise<BlockDeviceInfo> {
  const info = await nodeInfo(skipImplicit(node), { skipsImplicit: true })
  return { ...info, cache: { ...info.cache, writeback }, ...ratesOf(throttleGroup) }
}

function ratesOf(group: ThrottleGroup | undefined): Rates & { iops_size?: number | bigint; group?: string } {
  const members: Record<string, number> = {}
  for (const kind of throttleKinds) {
    const { rate, burst, burstSeconds } = group?.limits[kind] ?? { rate: 0, burst: 0, burstSeconds: 1 }
    const name = wireNames[kind]
    members[name] = rate
    if (burst === 0) continue
    members[`${name}_max`] = burst
    members[`${name}_max_length`] = burstSeconds
  }
  const rates = members as unknown as Rates
  if (group === undefined) return rates
  const { iopsSize } = group.limits
  return { ...rates, ...(iopsSize !== 0 && { iops_size: iopsSize }), group: group.name }
}
