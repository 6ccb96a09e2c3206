import { viewOf } from '../big-endian.ts'
import type { CheckedImage } from './checked-image.ts'

/** An entry of the table of reference counts, as it is in the file. */
export interface RefcountBlock {
  /** 0, if there is none. */
  readonly offset: number
  /** Bits are set that mean nothing. */
  readonly reserved: boolean
}

export async function readRefcountBlocks({ file, header, geometry }: CheckedImage): Promise<RefcountBlock[]> {
  const view = viewOf(await file.read(header.refcountTableOffset, header.refcountTableClusters * geometry.clusterSize))
  const blocks: RefcountBlock[] = []
  for (let at = 0; at < view.byteLength; at += 8) {
    const high = view.getUint32(at)
    const low = view.getUint32(at + 4)
    if (high === 0 && low === 0) blocks.push(none)
    // Unlike other entries, all 64 bits but the last nine are an offset.
    else blocks.push({ offset: high * 2 ** 32 + ((low & 0xffff_fe00) >>> 0), reserved: (low & 0x1ff) !== 0 })
  }
  return blocks
}

/** Whether a block can be read: it begins with a cluster, and a file could be so long. */
export function isReadable({ offset }: Pick<RefcountBlock, 'offset'>, clusterSize: number): boolean {
  return offset % clusterSize === 0 && offset + clusterSize < 2 ** 63
}

const none: RefcountBlock = { offset: 0, reserved: false }
