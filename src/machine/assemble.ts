import { abruptEnd } from './assemblies/abrupt-end.ts'
import { assembling } from './assemblies/assembling.ts'
import { balloon } from './assemblies/balloon.ts'
import { board } from './assemblies/board.ts'
import { boardFiles } from './assemblies/board-files.ts'
import { awaitedPeers, chardevs } from './assemblies/chardevs.ts'
import { commands } from './assemblies/commands.ts'
import { consolePage } from './assemblies/console-page.ts'
import { devices } from './assemblies/devices.ts'
import { drives } from './assemblies/drives.ts'
import { events } from './assemblies/events.ts'
import { exports } from './assemblies/exports.ts'
import { fdSets } from './assemblies/fd-sets.ts'
import { forks } from './assemblies/forks.ts'
import { incoming } from './assemblies/incoming.ts'
import { input } from './assemblies/input.ts'
import { inputHandlers } from './assemblies/input-handlers.ts'
import { liveObjects } from './assemblies/live-objects.ts'
import { loadedSnapshot } from './assemblies/loaded-snapshot.ts'
import { migration } from './assemblies/migration.ts'
import { monitors } from './assemblies/monitors.ts'
import { networks } from './assemblies/networks.ts'
import { objectTree } from './assemblies/object-tree.ts'
import { qtest } from './assemblies/qtest.ts'
import { runControl } from './assemblies/run-control.ts'
import { screens } from './assemblies/screens.ts'
import { serialPorts } from './assemblies/serial-ports.ts'
import { snapshots } from './assemblies/snapshots.ts'
import { spice } from './assemblies/spice.ts'
import type { Start } from './assemblies/start.ts'
import { userObjects } from './assemblies/user-objects.ts'
import { vnc } from './assemblies/vnc.ts'
import { yank } from './assemblies/yank.ts'
import type { BeginMachine } from './fork/forks.ts'

/** The parts of a machine, in the order in which they start: each may use those before it. */
export const assemble = (start: Start & { readonly begin: BeginMachine }) =>
  assembling(start)
    .with(boardFiles)
    .with(events)
    .with(fdSets)
    .with(balloon)
    .with(objectTree)
    .with(userObjects)
    .with(yank)
    .with(drives)
    .with(exports)
    .with(chardevs)
    .with(networks)
    .with(inputHandlers)
    .with(devices)
    .with(board)
    .with(liveObjects)
    .with(runControl)
    .with(abruptEnd)
    .with(migration)
    .with(snapshots)
    .with(forks)
    .with(input)
    .with(screens)
    .with(vnc)
    .with(spice)
    .with(commands)
    .with(loadedSnapshot)
    .with(monitors)
    .with(qtest)
    .with(serialPorts)
    .with(consolePage)
    .with(awaitedPeers)
    .with(incoming).parts

export type AssembledMachine = Awaited<ReturnType<typeof assemble>>
