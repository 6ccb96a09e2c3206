import type { TestContext } from 'node:test'
import type { BoardConfig } from '../../src/board/board.ts'
import { BoardWitness } from '../../src/board/board-witness.ts'
import { createV86Board, type V86Board } from '../../src/board/v86/host.ts'
import { boardDevices } from '../../src/devices/index.ts'
import { biosGuest } from './bios-guest.ts'

/**
 * A v86 board with a guest of a few instructions in place of the BIOS (see `biosGuest`), standing still at its first
 * instruction; it ends with the test.
 */
export async function guestBoard(
  t: TestContext,
  code: readonly number[],
  changes: Partial<BoardConfig> = {},
): Promise<{ board: V86Board; witness: BoardWitness }> {
  const witness = new BoardWitness()
  const config: BoardConfig = {
    ramBytes: 2 << 20,
    firmware: { bios: biosGuest(...code), vgaBios: undefined },
    bootOrder: 'c',
    drives: [],
    serialPorts: 1,
    vga: false,
    ...changes,
  }
  const board = createV86Board(config, witness, boardDevices.worker)
  t.after(() => board.close())
  await board.ready
  return { board, witness }
}
