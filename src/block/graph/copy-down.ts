import { chainStatus } from './chain-status.ts'
import type { BlockNode } from './node.ts'

const pieceSize = 2 ** 20

export interface CopyDownOptions {
  /** How the base is written, where that is not as any node. */
  readonly through?: Pick<BlockNode, 'write' | 'writeZeroes' | 'flush'>
  /** What reads as zeroes takes no room in the base; if not, it is written as bytes. */
  readonly keepsHoles: boolean
  /** Waits until so many bytes more may be written. */
  readonly spend?: (bytes: number) => Promise<void> | undefined
  /** Hears of the offset up to which everything is copied. */
  readonly reached?: (offset: number) => void
}

/**
 * Writes into an image below what the upper one, and those between them, hold. The base becomes as long as the upper one,
 * and is flushed.
 *
 * @throws {BlockError} as `BlockNode.write()` and `truncate()`
 */
export async function copyDown(
  top: BlockNode,
  base: BlockNode,
  { keepsHoles, spend, reached, through = base }: CopyDownOptions,
): Promise<void> {
  if (top.length > base.length) await base.truncate(top.length)
  const buffer = Buffer.allocUnsafeSlow(pieceSize)
  for (let at = 0; at < top.length; reached?.(at)) {
    const status = await chainStatus(top, at, top.length - at, { base })
    if (keepsHoles && status.zero && (status.allocated || at >= base.length)) {
      await through.writeZeroes(at, status.length, { unmap: true })
      at += status.length
    } else if (status.allocated) {
      const piece = buffer.subarray(0, Math.min(pieceSize, status.length))
      await spend?.(piece.byteLength)
      await top.readInto(at, piece)
      await through.write(at, piece)
      at += piece.byteLength
    } else at += status.length
  }
  await through.flush()
}
