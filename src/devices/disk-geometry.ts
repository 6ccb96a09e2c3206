import type { DeviceProperties } from '../board/index.ts'

const sectorBytes = 512
const mostCylinders = 16383
const usualHeads = 16
const usualSectors = 63

/** As it was said; else as QEMU guesses for a disk that has no partitions. */
export function geometryOf(byteLength: number, { cyls, heads, secs }: DeviceProperties) {
  if (Number(cyls) > 0) return { cylinders: Number(cyls), heads: Number(heads), sectors: Number(secs) }
  const guessed = Math.floor(byteLength / sectorBytes / (usualHeads * usualSectors))
  return { cylinders: Math.min(mostCylinders, Math.max(2, guessed)), heads: usualHeads, sectors: usualSectors }
}

/** The geometry of a disk, by the names of its properties. */
export function shownGeometry(byteLength: number, properties: DeviceProperties): DeviceProperties {
  const { cylinders, heads, sectors } = geometryOf(byteLength, properties)
  return { cyls: cylinders, heads, secs: sectors }
}
