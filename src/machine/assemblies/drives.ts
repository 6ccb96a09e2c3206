import {
  connectDrives,
  type Drive,
  type DriveConfig,
  DriveSet,
  GraphControl,
  JobSet,
  type ReadSecret,
  type ThrottleGroups,
} from '../../block/index.ts'
import type { FdSets } from '../../descriptors/index.ts'
import { type Balloon, DeviceObject } from '../../devices/index.ts'
import type { EventHub } from '../../monitor/index.ts'
import type { UserObjects } from '../../objects/index.ts'
import type { ObjectTree } from '../../qom/index.ts'
import type { BoardListeners } from '../board-listeners.ts'
import type { Asked } from '../config.ts'
import { connectNamedFlash, type FlashChip, flashChips } from '../flash-chips.ts'
import { pcDevices } from '../pc-devices.ts'
import { addPcObjects, type PcObjects } from '../tree/pc-objects.ts'
import { addWishedObjects } from '../tree/wished-objects.ts'
import type { YankInstances } from '../yank-instances.ts'
import { asked, type Start } from './start.ts'

/** Images and drives: nodes first, then drives, then the guest's devices that have drives. */
export async function drives(
  start: Start & {
    readonly events: EventHub
    readonly listeners: BoardListeners
    readonly fdSets: FdSets
    readonly objectTree: ObjectTree
    readonly balloon: Balloon
    readonly userObjects: UserObjects
    readonly throttleGroups: ThrottleGroups
    readonly yankInstances: YankInstances
  },
): Promise<{
  readonly drives: DriveSet
  readonly jobs: JobSet
  readonly graph: GraphControl
  readonly pcObjects: PcObjects
  /** Flash memory with the firmware. */
  readonly flash: readonly FlashChip[]
  readonly secret: ReadSecret
  /** What became of the drives of the configuration. */
  readonly openedDrives: ReadonlyMap<DriveConfig, Drive>
}> {
  const { config, scope, events, listeners, fdSets, objectTree, userObjects, throttleGroups, yankInstances } = start
  const { warn, complain, print, signal } = start
  const { services } = userObjects
  const secret: ReadSecret = (id) => services.password(id)
  const set = scope.own(
    new DriveSet({
      emit: (name, ...[data]) => events.emit(name, data),
      secret,
      securing: (id, hostname) => services.securingClient(id, hostname),
      throttleGroups,
      files: fdSets,
      yankable: (name, yank) => yankInstances.register({ type: 'block-node', 'node-name': name }, yank),
      qtest: config.accel === 'qtest',
      inactive: config.incoming !== undefined,
      knowsDevice: (id) =>
        objectTree.find(id.startsWith('/') ? id : `/machine/peripheral/${id}`) instanceof DeviceObject,
      stopGuest: () => listeners.ask((runControl) => runControl.driveFailed()),
      ...(warn !== undefined && { warn }),
      ...(complain !== undefined && { complain }),
      ...(print !== undefined && { print }),
    }),
  )
  const jobs = scope.own(
    new JobSet({
      emit: (name, ...[data]) => events.emit(name, data),
      exclusively: (work) => set.exclusively(work),
    }),
  )
  const graph = scope.own(new GraphControl(set, { jobs }))
  for (const blockdev of config.blockdevs) await asked(blockdev, graph.add(blockdev.options), signal)
  const openedDrives = new Map<DriveConfig & Asked, Drive>()
  for (const drive of config.drives) openedDrives.set(drive, await asked(drive, set.add(drive), signal))
  set.addDefaults(config.defaultDrives)
  await connectNamedFlash(set, config)
  const flash = await flashChips(set, config.machine, openedDrives)
  const devices = config.machine === 'pc' ? pcDevices(config, set) : []
  const pcObjects = addPcObjects(objectTree, config, { devices, flash })
  if (config.machine === 'pc')
    await asked(
      { origin: undefined },
      connectDrives(set, (drive) => pcObjects.pathOf(drive), config.drivenModels),
      signal,
    )
  for (const device of config.driveDevices) await asked(device, set.addDevice(device), signal)
  addWishedObjects(objectTree, config, { pc: pcObjects, balloon: start.balloon, drives: set })
  return { drives: set, jobs, graph, pcObjects, flash, secret, openedDrives }
}
