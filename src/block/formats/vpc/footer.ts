export const sector = 512
export const footerSize = 512
export const checksumOffset = 64
/** Of the header that says where the table of blocks is. */
export const headerSize = 1024
export const types = { fixed: 2, dynamic: 3, differencing: 4 } as const
/** Sectors that cylinders, heads and sectors can count. */
export const largestGeometry = 65535 * 16 * 255
export const largestSectors = 0xff000000
/** The entry of a block that has no place. */
export const unallocated = 0xffffffff
export const cookie = 'conectix'
export const headerCookie = 'cxsparse'

/** The complement of the sum of all bytes but the checksum's own. */
export function checksum(bytes: Uint8Array, offset: number): number {
  let sum = 0
  for (const [at, byte] of bytes.entries()) if (at < offset || at >= offset + 4) sum += byte
  return ~sum >>> 0
}
