import { BlockError, type SnapshotOverview, type SnapshotSet, snapshotTable } from '../../block/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'

const topic = hmpFamily<{ snapshotSet: Pick<SnapshotSet, 'overview'> }>()

/** Snapshots inside images. */
export const snapshotTopics = {
  snapshots: topic({
    args: '',
    params: '',
    help: 'show the currently saved VM snapshots',
    run({ parts: { snapshotSet }, print }) {
      try {
        print(overviewText(snapshotSet.overview()))
      } catch (error) {
        throw error instanceof BlockError ? new HmpError(error.message) : error
      }
    },
  }),
}

function overviewText({ complete, partial }: SnapshotOverview): string {
  if (complete.length === 0 && partial.length === 0) return 'There is no snapshot available.\n'
  // In each image the same snapshot may have another id.
  const everywhere =
    complete.length === 0 ? 'None\n' : tableText(complete.map((snapshot) => ({ ...snapshot, id: '--' })))
  const others = partial.map(
    ({ drive, snapshots }) => `\nList of partial (non-loadable) snapshots on '${drive}':\n${tableText(snapshots)}`,
  )
  return `List of snapshots present on all disks:\n${everywhere}${others.join('')}`
}

function tableText(snapshots: Parameters<typeof snapshotTable>[0]): string {
  return snapshotTable(snapshots)
    .map((line) => `${line}\n`)
    .join('')
}
