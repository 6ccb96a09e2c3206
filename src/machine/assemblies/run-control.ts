import type { DriveSet } from '../../block/index.ts'
import type { Board } from '../../board/index.ts'
import type { ExtraDevices } from '../../devices/index.ts'
import type { EventHub } from '../../monitor/index.ts'
import { RunControl } from '../../runstate/index.ts'
import type { BoardListeners } from '../board-listeners.ts'
import { withDevices } from '../guest-drives.ts'
import type { Start } from './start.ts'

interface Needs extends Start {
  readonly board: Board
  readonly drives: DriveSet
  readonly extraDevices: ExtraDevices
  readonly events: EventHub
  readonly listeners: BoardListeners
}

/** Who lets the guest run, stops it and ends it. */
export function runControl({ config, warn, board, drives, extraDevices, events, listeners }: Needs): {
  readonly runControl: RunControl
} {
  const control = new RunControl({
    board: withDevices(board, drives, extraDevices),
    emit: (name, ...[data]) => events.emit(name, data),
    actions: config.actions,
    startPaused: config.startPaused,
    wakes: config.machine === 'pc' && config.acpi,
    ...(warn !== undefined && { warn }),
  })
  listeners.runControl = control
  control.onRunning((running) => {
    if (!running) return
    extraDevices.started()
    drives.retryFailed()
  })
  return { runControl: control }
}
