/** How a disk is divided for those who address it by cylinder, head and sector. */
export interface DiskGeometry {
  readonly cylinders: number
  readonly heads: number
  readonly sectors: number
  /** What the BIOS makes of it: QEMU's numbers, as CMOS has them. */
  readonly translation: number
}

const translations = { none: 0, lba: 1, large: 2 } as const
const mostCylinders = 16383
const table = 0x1be
const rowBytes = 16

/**
 * A disk's geometry by QEMU's rules: the one that its partition table (of the MBR) was made for, if that shows, or else
 * 16 heads of 63 sectors.
 *
 * @param size in sectors of 512 bytes
 * @param first its first sector; undefined if that cannot be read
 */
export function diskGeometry(size: number, first: Uint8Array | undefined): DiskGeometry {
  const partitioned = first === undefined ? undefined : partitionGeometry(size, first)
  if (partitioned !== undefined && partitioned.heads <= 16) return { ...partitioned, translation: translations.none }
  const cylinders = Math.min(Math.max(Math.floor(size / (16 * 63)), 2), mostCylinders)
  const usual = { cylinders, heads: 16, sectors: 63 }
  if (partitioned === undefined) {
    return { ...usual, translation: cylinders <= 1024 ? translations.none : translations.lba }
  }
  return { ...usual, translation: cylinders * 16 <= 131072 ? translations.large : translations.lba }
}

/** Assumes that a partition ends with a cylinder. */
function partitionGeometry(size: number, first: Uint8Array): Omit<DiskGeometry, 'translation'> | undefined {
  if (first[510] !== 0x55 || first[511] !== 0xaa) return undefined
  const view = new DataView(first.buffer, first.byteOffset, first.length)
  for (let row = table; row < table + 4 * rowBytes; row += rowBytes) {
    const [lastHead, sectors] = [first[row + 5]!, first[row + 6]! & 63]
    if (view.getUint32(row + 12, true) === 0 || lastHead === 0 || sectors === 0) continue
    const heads = lastHead + 1
    const cylinders = Math.floor(size / (heads * sectors))
    if (cylinders >= 1 && cylinders <= mostCylinders) return { cylinders, heads, sectors }
  }
  return undefined
}
