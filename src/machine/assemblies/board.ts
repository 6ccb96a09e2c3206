import { untilAborted } from '../../async/index.ts'
import type { DriveSet } from '../../block/index.ts'
import { type Board, createBoard } from '../../board/index.ts'
import { boardDevices, type ExtraDevices } from '../../devices/index.ts'
import type { ObjectTree } from '../../qom/index.ts'
import { type BoardFiles, boardConfigOf, withFlash } from '../board-config.ts'
import { boardHost } from '../board-host.ts'
import type { BoardListeners } from '../board-listeners.ts'
import type { FlashChip } from '../flash-chips.ts'
import { plugDrives } from '../guest-drives.ts'
import type { Start } from './start.ts'

interface Needs extends Start {
  readonly boardFiles: Promise<BoardFiles>
  readonly drives: DriveSet
  readonly flash: readonly FlashChip[]
  readonly objectTree: ObjectTree
  readonly listeners: BoardListeners
  readonly extraDevices: ExtraDevices
}

/** The PC itself, with drives and devices in it. */
export async function board(needs: Needs): Promise<{ readonly board: Board }> {
  const { config, scope, log, signal, boardFiles, drives, flash, objectTree, listeners, extraDevices } = needs
  const made = scope.own(
    await createBoard(
      config.accel === 'none' ? 'none' : 'v86',
      boardConfigOf(config, {
        files: await withFlash(await untilAborted(boardFiles, signal), flash),
        devices: await extraDevices.hosts(),
        ...{ flash, drives, log },
      }),
      boardHost(listeners, { drives, objectTree, log }),
      boardDevices,
    ),
  )
  plugDrives(drives, made)
  extraDevices.join(made)
  return { board: made }
}
