import type { Drive, DriveConfig, DriveSet, GraphControl } from '../../block/index.ts'
import type { Board } from '../../board/index.ts'
import type { ExtraDevices } from '../../devices/index.ts'
import type { RunControl } from '../../runstate/index.ts'
import type { AbruptEnd } from '../abrupt-end.ts'
import { type BeginMachine, Forks } from '../fork/forks.ts'
import type { Start } from './start.ts'

interface Needs extends Start {
  readonly board: Board
  readonly drives: DriveSet
  readonly graph: GraphControl
  readonly openedDrives: ReadonlyMap<DriveConfig, Drive>
  readonly runControl: RunControl
  readonly extraDevices: ExtraDevices
  readonly begin: BeginMachine
  readonly abruptEnd: AbruptEnd
}

/** Makes second machines that go on from where this one stands. */
export function forks(needs: Needs): { readonly forks: Forks } {
  const { config, scope, board, drives, graph, openedDrives, runControl, extraDevices, begin } = needs
  const parts = { config, board, drives, graph, openedDrives, runControl, extraDevices, begin }
  const made = scope.own(new Forks(parts))
  needs.abruptEnd.add(made)
  return { forks: made }
}
