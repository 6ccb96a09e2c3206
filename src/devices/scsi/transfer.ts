import { Overrun, type ScsiCommand } from './scsi-unit.ts'
import { ScsiFailure, senses } from './sense.ts'

/** A command that moves so many bytes at once takes no more memory than that. */
const mostBytes = 32 << 20

/** Blocks that a command is about. */
export interface Extent {
  readonly first: number
  readonly count: number
}

/** First block and count of READ, WRITE, VERIFY and WRITE SAME of 6, 10, 12 and 16 bytes. */
export function extentOf(cdb: Uint8Array): Extent {
  const view = new DataView(cdb.buffer, cdb.byteOffset, cdb.byteLength)
  const group = cdb[0]! >> 5
  if (group === 0) return { first: view.getUint32(0) & 0x1f_ffff, count: cdb[4]! === 0 ? 256 : cdb[4]! }
  if (group === 4) {
    const first = view.getBigUint64(2)
    return {
      first: first > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : Number(first),
      count: view.getUint32(10),
    }
  }
  return { first: view.getUint32(2), count: group === 5 ? view.getUint32(6) : view.getUint16(7) }
}

/**
 * Where the blocks of a command are, in bytes.
 *
 * @throws {ScsiFailure} if they are not all on the disk
 */
export function rangeOf(
  { first, count }: Extent,
  { blockBytes, blocks }: { readonly blockBytes: number; readonly blocks: number },
) {
  if (first + count > blocks) throw new ScsiFailure(senses.outOfRange)
  return { offset: first * blockBytes, length: count * blockBytes }
}

/** Looks whether what is to be moved has room. @throws {Overrun} if not @throws {ScsiFailure} if it is too much at once */
export function checkRoom(length: number, room: number): void {
  if (length > mostBytes) throw new ScsiFailure(senses.invalidField)
  if (length > room) throw new Overrun()
}

/** READ CAPACITY of 10 or 16 bytes. */
export function capacity(
  { cdb }: ScsiCommand,
  { blocks, blockBytes, unmaps }: { readonly blocks: number; readonly blockBytes: number; readonly unmaps: boolean },
): Uint8Array {
  const long = cdb[0] === 0x9e
  const bytes = Buffer.alloc(long ? 32 : 8)
  if (long) {
    bytes.writeBigUInt64BE(BigInt(blocks - 1))
    bytes.writeUInt32BE(blockBytes, 8)
    if (unmaps) bytes[14] = 0x80
    return bytes.subarray(0, Math.min(bytes.length, new DataView(cdb.buffer, cdb.byteOffset).getUint32(10)))
  }
  bytes.writeUInt32BE(Math.min(blocks - 1, 0xffff_ffff))
  bytes.writeUInt32BE(blockBytes, 4)
  return bytes
}
