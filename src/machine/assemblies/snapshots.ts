import { type DriveSet, type GraphControl, SnapshotSet } from '../../block/index.ts'
import type { Board } from '../../board/index.ts'
import { MachineSnapshots, type MigrationControl } from '../../migration/index.ts'
import type { RunControl } from '../../runstate/index.ts'
import type { Start } from './start.ts'

interface Needs extends Start {
  readonly board: Board
  readonly drives: DriveSet
  readonly graph: GraphControl
  readonly runControl: RunControl
  readonly migrations: MigrationControl
}

/** Keeps the machine inside its images. */
export function snapshots({ board, drives, graph, runControl, migrations, warn, complain }: Needs): {
  readonly snapshots: MachineSnapshots
  readonly snapshotSet: SnapshotSet
} {
  const snapshotSet = new SnapshotSet(drives, graph)
  const machineSnapshots = new MachineSnapshots({
    board,
    guest: runControl,
    disks: {
      exclusively: (devices, work) => snapshotSet.exclusively(devices, work),
      get waitForGuest() {
        return drives.waitForGuest
      },
      forgetFailed: () => drives.forgetFailed(),
    },
    migrations,
    complain: (text) => (complain ?? warn)?.(text),
  })
  return { snapshots: machineSnapshots, snapshotSet }
}
