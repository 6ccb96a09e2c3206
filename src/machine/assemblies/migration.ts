import {
  ArrivingNode,
  arrivingImages,
  BlockError,
  type DriveSet,
  type JobSet,
  leavingBitmaps,
  leavingImages,
} from '../../block/index.ts'
import type { Board } from '../../board/index.ts'
import type { ExtraDevices } from '../../devices/index.ts'
import { ramBlocksOf } from '../../hmp/index.ts'
import { MigrationControl } from '../../migration/index.ts'
import type { EventHub } from '../../monitor/index.ts'
import { type NetSet, TravellingConnections } from '../../net/index.ts'
import type { UserObjects } from '../../objects/index.ts'
import type { RunControl } from '../../runstate/index.ts'
import type { BoardListeners } from '../board-listeners.ts'
import type { YankInstances } from '../yank-instances.ts'
import type { Start } from './start.ts'

interface Needs extends Start {
  readonly board: Board
  readonly drives: DriveSet
  readonly jobs: JobSet
  readonly extraDevices: ExtraDevices
  readonly events: EventHub
  readonly runControl: RunControl
  readonly listeners: BoardListeners
  readonly networks: NetSet
  readonly userObjects: UserObjects
  readonly yankInstances: YankInstances
}

/** Tables that QEMU's firmware device has in memory of their own, which counts as the guest's: ACPI's, their loader, the pointer. */
const tableBytes = 0x20000 + 0x1000 + 0x1000

/** Sends the machine elsewhere, and takes one that comes. */
export function migration(needs: Needs): {
  readonly migrations: MigrationControl
} {
  const {
    config,
    scope,
    board,
    drives,
    jobs,
    extraDevices,
    events,
    listeners,
    runControl,
    userObjects,
    warn,
    complain,
  } = needs
  const migrations = new MigrationControl({
    board,
    securing: userObjects.services,
    guest: runControl,
    disks: {
      handOver: async () => {
        requireNoWriter(jobs)
        await drives.graph.release()
      },
      takeBack: () => drives.graph.claim({ written: config.incoming !== undefined }),
      leave: (options) => leavingImages(drives, options),
      arrive: (disks) => arrivingImages(drives, disks),
    },
    bitmaps: {
      leave: (options) => leavingBitmaps(drives, options),
      arrive: (place) => new ArrivingNode(drives, place),
    },
    connections: new TravellingConnections(needs.networks),
    blockers: () => extraDevices.migrationBlockers,
    emit: (name, ...[data]) => events.emit(name, data),
    memoryBytes: async () => {
      const blocks = config.machine === 'pc' ? await ramBlocksOf(board, { ramName: 'pc.ram', isPc: true }) : []
      return blocks.reduce((sum, { bytes }) => sum + bytes, tableBytes)
    },
    uuid: config.uuid,
    yankable: (yank) => needs.yankInstances.register({ type: 'migration' }, yank),
    complain: (text) => (complain ?? warn)?.(text),
  })
  listeners.migrations = migrations
  if (config.incoming !== undefined) {
    runControl.awaitIncoming()
    migrations.deferIncoming()
  }
  return { migrations: scope.own(migrations) }
}

/**
 * A mirror has written everything when the guest stands still, into the other side's image perhaps. Whatever else a job is to
 * write later would be written to an image that is another process's.
 *
 * @throws {BlockError} kind `busy`, if there is such a job
 */
function requireNoWriter(jobs: JobSet): void {
  const writer = jobs.list.find(({ work, status }) => work.type !== 'mirror' && status !== 'concluded')
  if (writer === undefined) return
  throw new BlockError('busy', `Job '${writer.id}' (${writer.work.type}) has still to write to its image`)
}
