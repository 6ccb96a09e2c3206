/**
 * Entries of L2 tables (qcow2 spec, "L2 table entry"): 64 bits, here as two words, since offsets have up to 56 bits.
 * With extended entries 64 more bits tell of each subcluster whether it is allocated (low word) or zero (high word).
 */

/** High word: this entry is the only reference to its cluster. */
export const copiedBit = 0x8000_0000
/** High word: the entry describes deflated bytes. */
export const compressedBit = 0x4000_0000
/** Low word: the cluster reads as zeroes. */
export const zeroBit = 1

/** The offset of a cluster that is not compressed. */
export function offsetOf(high: number, low: number): number {
  return (high & 0x00ff_ffff) * 2 ** 32 + ((low & 0xffff_fe00) >>> 0)
}

/** Whether an entry's offset is that of a cluster: by its low word alone, since no cluster is larger than 2 MiB. */
export function isAligned(low: number, clusterSize: number): boolean {
  return (low & 0xffff_fe00 & (clusterSize - 1)) === 0
}

/** Where a compressed cluster's bytes begin. */
export function compressedOffset(high: number, low: number, clusterBits: number): number {
  return (high & ((1 << (sectorShift(clusterBits) - 32)) - 1)) * 2 ** 32 + (low >>> 0)
}

/** How many bytes they take at most: up to the end of their last sector. */
export function compressedLength(high: number, low: number, clusterBits: number): number {
  const sectors = ((high & 0x3fff_ffff) >>> (sectorShift(clusterBits) - 32)) + 1
  return sectors * 512 - ((low >>> 0) % 512)
}

/** The high word of the entry of a compressed cluster; the low one is that of `offset`. */
export function compressedHigh(offset: number, length: number, clusterBits: number): number {
  const sectors = Math.floor((offset + length - 1) / 512) - Math.floor(offset / 512)
  return (compressedBit | (sectors << (sectorShift(clusterBits) - 32)) | Math.floor(offset / 2 ** 32)) >>> 0
}

/** The bit where the number of sectors begins. */
function sectorShift(clusterBits: number): number {
  return 62 - (clusterBits - 8)
}
