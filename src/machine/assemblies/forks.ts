import type { Drive, DriveConfig, DriveSet, GraphControl } from '../../block/index.ts'
import type { Board } from '../../board/index.ts'
import type { RunControl } from '../../runstate/index.ts'
import { type BeginMachine, Forks } from '../fork/forks.ts'
import type { Start } from './start.ts'

interface Needs extends Start {
  readonly board: Board
  readonly drives: DriveSet
  readonly graph: GraphControl
  readonly openedDrives: ReadonlyMap<DriveConfig, Drive>
  readonly runControl: RunControl
  readonly begin: BeginMachine
}

/** Makes second machines that go on from where this one stands. */
export function forks({ config, scope, board, drives, graph, openedDrives, runControl, begin }: Needs): {
  readonly forks: Forks
} {
  return { forks: scope.own(new Forks({ config, board, drives, graph, openedDrives, runControl, begin })) }
}
