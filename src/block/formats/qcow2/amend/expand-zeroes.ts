import type { AmendRequest } from '../../../open/driver.ts'
import { setUint64 } from '../big-endian.ts'
import type { Image } from '../image.ts'
import { compressedBit, copiedBit, offsetOf } from '../l2-entry.ts'
import { notLoaded } from '../refcounts.ts'
import { eachTable, type FoundTable } from './each-table.ts'

const zeroFlag = 1

/**
 * Turns clusters that say that they are zero, which version 2 does not know, into such as hold zeroes, or into none where
 * nothing shows through. The file has what memory has; a crash leaves clusters at worst that nobody uses.
 */
export async function expandZeroes(image: Image, progress: AmendRequest['progress']): Promise<void> {
  const { writeback, file, geometry } = image
  const changed: FoundTable[] = []
  const given: { offset: number; times: number }[] = []
  for await (const table of eachTable(image, progress)) {
    const count = await countOf(image, table.offset)
    let differs = false
    for (let at = 0; at < geometry.clusterSize; at += geometry.l2EntrySize) {
      const [high, low] = [table.view.getUint32(at), table.view.getUint32(at + 4)]
      if ((high & compressedBit) !== 0 || (low & zeroFlag) === 0) continue
      differs = true
      const host = await hostFor(image, offsetOf(high, low), count, given)
      setUint64(table.view, at, host)
      if (host !== 0 && table.active && count === 1)
        table.view.setUint32(at, (table.view.getUint32(at) | copiedBit) >>> 0)
    }
    if (differs) changed.push(table)
  }
  await writeback.settle()
  await file.flush()
  for (const { offset, bytes } of changed) await file.write(offset, bytes)
  await file.flush()
  image.l2.clear()
  for (const { offset, times } of given) for (let left = times; left > 0; left--) image.giveBack(offset, 1)
  await writeback.settle()
}

/** A cluster of zeroes for an entry: the one that it has, if nobody else has it, or a new one; 0 if it needs none. */
async function hostFor(
  image: Image,
  host: number,
  count: number,
  given: { offset: number; times: number }[],
): Promise<number> {
  const { file, geometry } = image
  const { clusterSize } = geometry
  const alone = host !== 0 && (await countOf(image, host)) === count
  if (host !== 0 && !alone) given.push({ offset: host, times: count })
  if (alone) {
    await file.writeZeroes(host, Math.min(clusterSize, Math.max(0, file.length - host)))
    return host
  }
  if (image.backingFilename === undefined && image.backing === undefined) return 0
  const cluster = await image.allocate(1)
  image.takeUntouched(cluster * clusterSize, clusterSize)
  await file.write(cluster * clusterSize, new Uint8Array(clusterSize), { grow: true })
  for (let more = count - 1; more > 0; ) {
    if (image.refcounts.tryAdd(cluster, 1) === notLoaded) await image.refcounts.cache.load(image.refcounts.missing)
    else more--
  }
  return cluster * clusterSize
}

async function countOf({ refcounts, geometry }: Image, offset: number): Promise<number> {
  for (;;) {
    const count = refcounts.peek(offset / geometry.clusterSize)
    if (count !== notLoaded) return count
    await refcounts.cache.load(refcounts.missing)
  }
}
