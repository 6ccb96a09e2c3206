import type { Board } from '../../board/index.ts'
import { type ChardevSet, Line } from '../../chardev/index.ts'
import { serialLines } from '../board-config.ts'
import type { BoardListeners } from '../board-listeners.ts'
import type { Start } from './start.ts'

interface Needs extends Start {
  readonly board: Board
  readonly chardevs: ChardevSet
  readonly listeners: BoardListeners
}

/** Joins COM1 to COM4 with what is behind them. */
export function serialPorts({ config, board, chardevs, listeners }: Needs): {
  /** COM1 to COM4, as far as they are there. */
  readonly serialPorts: readonly (Line | undefined)[]
} {
  serialLines(config).forEach((label, port) => {
    if (label === undefined) return
    const line = new Line((bytes) => board.serial[port]!.write(bytes), {
      // A board that has ended hears of nothing.
      broken: () => void board.serial[port]!.break().catch(() => undefined),
    })
    listeners.serial[port] = line
    if (label !== '') chardevs.find(label).attach(line)
  })
  return { serialPorts: listeners.serial }
}
