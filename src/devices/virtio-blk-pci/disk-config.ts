import type { DeviceProperties } from '../../board/index.ts'
import { geometryOf } from '../disk-geometry.ts'
import type { DiskShape } from './wire.ts'

export const sectorBytes = 512

/** Where a driver finds things in the configuration. */
const at = {
  capacity: 0,
  segments: 12,
  cylinders: 16,
  heads: 18,
  sectors: 19,
  blockSize: 20,
  physicalExponent: 24,
  smallest: 26,
  best: 28,
  queues: 34,
  discardSectors: 36,
  discardSegments: 40,
  discardAlignment: 44,
  zeroSectors: 48,
  zeroSegments: 52,
  zeroMayUnmap: 56,
} as const

/** Where it says, and is told, whether writes are complete before they are on stable storage. */
export const writebackOffset = 32
export const configLength = 57

/** The default where it depends on the machine. */
const automatic = 0xffff

/** How many queues a disk has: one a processor, unless said otherwise. */
export function queuesOf(properties: DeviceProperties): number {
  const queues = Number(properties['num-queues'])
  return queues === automatic ? 1 : queues
}

/** The size of a block as the guest sees it. */
export function blockBytesOf(properties: DeviceProperties): number {
  return Number(properties['logical_block_size']) || sectorBytes
}

/**
 * What a driver finds of a disk.
 *
 * @see Virtual I/O Device (VIRTIO) 1.2, 5.2.4
 */
export function diskConfig({ byteLength, writeback }: DiskShape, properties: DeviceProperties): Uint8Array {
  const bytes = new Uint8Array(configLength)
  const view = new DataView(bytes.buffer)
  const number = (name: string): number => Number(properties[name] ?? 0)
  const block = blockBytesOf(properties)
  const physical = number('physical_block_size') || block
  view.setBigUint64(at.capacity, BigInt(Math.floor(byteLength / sectorBytes)), true)
  const segments = properties['seg-max-adjust'] === true ? number('queue-size') : 128
  view.setUint32(at.segments, segments - 2, true)
  const { cylinders, heads, sectors } = geometryOf(byteLength, properties)
  view.setUint16(at.cylinders, cylinders, true)
  view.setUint8(at.heads, heads)
  view.setUint8(at.sectors, sectors)
  view.setUint32(at.blockSize, block, true)
  view.setUint8(at.physicalExponent, Math.max(0, Math.log2(physical / block)))
  view.setUint16(at.smallest, number('min_io_size') / block, true)
  view.setUint32(at.best, number('opt_io_size') / block, true)
  view.setUint8(writebackOffset, writeback ? 1 : 0)
  view.setUint16(at.queues, queuesOf(properties), true)
  view.setUint32(at.discardSectors, number('max-discard-sectors'), true)
  view.setUint32(at.discardSegments, 1, true)
  view.setUint32(at.discardAlignment, discardAlignment(properties) / sectorBytes, true)
  view.setUint32(at.zeroSectors, number('max-write-zeroes-sectors'), true)
  view.setUint32(at.zeroSegments, 1, true)
  view.setUint8(at.zeroMayUnmap, 1)
  return bytes
}

function discardAlignment(properties: DeviceProperties): number {
  const granularity = Number(properties['discard_granularity'])
  const said = granularity !== 0xffff_ffff && granularity !== 0
  return said && properties['report-discard-granularity'] === true ? granularity : blockBytesOf(properties)
}

/** The sizes of its blocks, by the names of its properties. */
export function shownSizes(properties: DeviceProperties): DeviceProperties {
  const block = blockBytesOf(properties)
  return { logical_block_size: block, physical_block_size: Number(properties['physical_block_size']) || block }
}
