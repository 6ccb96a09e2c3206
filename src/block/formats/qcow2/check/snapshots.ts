import { BlockError } from '../../../block-error.ts'
import type { Repair } from '../../../open/driver.ts'
import { mostSnapshots, readSnapshots, type SnapshotEntry } from '../snapshot-table.ts'
import { checkSnapshotTable } from '../table-places.ts'
import type { CheckedImage } from './checked-image.ts'
import type { Findings } from './findings.ts'

/** The table of snapshots, as far as it can be understood. */
export interface CheckedSnapshots {
  readonly entries: readonly SnapshotEntry[]
  readonly tableLength: number
}

/**
 * Reads the table of snapshots.
 *
 * @throws {BlockError} in QEMU's words, if it has a fault that only a repair of everything removes: what it refers to is
 *   not known then, and nothing can be said of the other clusters
 */
export async function checkSnapshots(
  { file, header, geometry }: CheckedImage,
  repair: Repair | undefined,
  findings: Findings,
): Promise<CheckedSnapshots> {
  const repairs = repair === 'all'
  const overhanging = header.snapshotCount - mostSnapshots
  const count = repairs ? Math.min(mostSnapshots, header.snapshotCount) : header.snapshotCount
  if (overhanging > 0 && repairs) broken(findings, `Discarding ${overhanging} overhanging snapshots`, overhanging)
  try {
    const { clusterSize } = geometry
    checkSnapshotTable('snapshot table', { ...header, snapshotCount: count }, { clusterSize, forCheck: true })
  } catch (error) {
    const hint = `You can force-remove all ${overhanging} overhanging snapshots with vmon img check -r all`
    throw failed(error, '', overhanging > 0 && !repairs ? hint : undefined)
  }
  const { size: diskSize, version } = header
  const discarded = (text: string, faults: number): void => broken(findings, text, faults)
  const read = (offset: number, length: number): Promise<Uint8Array> => file.read(offset, length)
  const table = await readSnapshots(
    read,
    { offset: header.snapshotsOffset, count, diskSize },
    repairs ? discarded : undefined,
  ).catch((error: unknown) => {
    throw failed(error, 'failed to read the snapshot table: ')
  })
  for (const [index, { complete }] of table.snapshots.entries()) {
    if (complete || version < 3) continue
    broken(findings, `${repairs ? 'Repairing' : 'ERROR'} snapshot table entry ${index} is incomplete`, 1)
  }
  return { entries: table.snapshots, tableLength: table.length }
}

function broken(findings: Findings, text: string, faults: number): void {
  findings.tell(text)
  findings.corrupt(faults)
  findings.brokenSnapshots += faults
}

function failed(error: unknown, what: string, hint?: string): unknown {
  if (!(error instanceof BlockError)) return error
  const { message, context } = error
  return new BlockError('corrupt', `ERROR ${what}${message}`, hint === undefined ? context : { ...context, hint })
}
