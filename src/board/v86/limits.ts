import type { BoardConfig } from '../board.ts'
import { BoardError } from '../board-error.ts'

const mebibyte = 1 << 20
/** v86 keeps RAM in one block of at most 2 GiB, less what it rounds away. */
const largestRam = 2040 * mebibyte
/** v86 puts the initial RAM disk here. */
const initrdAddress = 64 * mebibyte

/** @throws {BoardError} kind `configuration`, if the configuration asks for what this board cannot be */
export function checkConfig({ ramBytes, kernel }: BoardConfig): void {
  if (ramBytes > largestRam) {
    throw new BoardError('configuration', `this board can have ${largestRam / mebibyte} MiB of RAM at the most`)
  }
  const initrd = kernel?.initrd?.byteLength ?? 0
  if (initrd > 0 && initrdAddress + initrd > ramBytes) {
    const needed = Math.ceil((initrdAddress + initrd) / mebibyte)
    throw new BoardError('configuration', `this initial RAM disk needs at least ${needed} MiB of RAM (-m ${needed})`)
  }
}
