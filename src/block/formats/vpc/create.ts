import { randomBytes } from 'node:crypto'
import { BlockError } from '../../block-error.ts'
import { takeFilePreallocation } from '../../create/preallocation.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { CreateRequest, Maker } from '../../open/create-request.ts'
import {
  checksum,
  checksumOffset,
  cookie,
  footerSize,
  headerCookie,
  headerSize,
  largestGeometry,
  largestSectors,
  sector,
  types,
  unallocated,
} from './footer.ts'

/** Bytes of a block of an image that grows. */
const blockSize = 2 ** 21
/** Where the table of blocks is. */
const tableOffset = footerSize + headerSize
/** Seconds from the system's epoch to the format's, the beginning of 2000. */
const epoch = 946_684_800

interface Geometry {
  readonly cylinders: number
  readonly heads: number
  readonly sectorsPerTrack: number
}

interface Plan {
  readonly fixed: boolean
  /** The guest sees as many bytes as were asked for, whatever the geometry says. */
  readonly forced: boolean
  /** Guest bytes. */
  readonly size: number
  readonly geometry: Geometry
}

/** Looks whether there can be such an image. @throws {BlockError} in QEMU's words, of kind `invalid` */
export function createVpc({ size, inPlace, options }: CreateRequest): Maker {
  takeFilePreallocation(options)
  const subformat = options.takeString('subformat') ?? 'dynamic'
  const forced = options.takeBoolean('force_size') ?? false
  if (subformat !== 'dynamic' && subformat !== 'fixed') {
    throw new BlockError('invalid', `Parameter 'subformat' does not accept value '${subformat}'`, {
      option: 'subformat',
    })
  }
  if (size / BigInt(sector) > BigInt(largestSectors)) {
    throw new BlockError('invalid', 'Disk size is too large, max size is 2040 GiB', { code: 'EFBIG' })
  }
  const sectors = Math.floor(Number(size) / sector)
  const geometry = forced ? mostGeometry : fittingGeometry(sectors)
  const counted = sectorsOf(geometry)
  const length = (forced || counted === largestGeometry ? sectors : counted) * sector
  if (inPlace === true && length !== Number(size)) {
    throw new BlockError('invalid', 'The requested image size cannot be represented in CHS geometry')
  }
  const plan: Plan = { fixed: subformat === 'fixed', forced, size: length, geometry }
  return (file) => (plan.fixed ? writeFixed(file, plan) : writeDynamic(file, plan))
}

const mostGeometry: Geometry = { cylinders: 65535, heads: 16, sectorsPerTrack: 255 }

function sectorsOf({ cylinders, heads, sectorsPerTrack }: Geometry): number {
  return cylinders * heads * sectorsPerTrack
}

/** The smallest geometry of those that the format's rule gives that holds as many sectors; the largest, if none does. */
function fittingGeometry(sectors: number): Geometry {
  if (sectors === 0) return { cylinders: 0, heads: 0, sectorsPerTrack: 0 }
  for (let at = sectors; at < largestGeometry; at++) {
    const geometry = geometryOf(at)
    if (sectorsOf(geometry) >= sectors) return geometry
  }
  return mostGeometry
}

/** The rule of the format's specification: by how many sectors there are. It rounds down. */
function geometryOf(sectors: number): Geometry {
  if (sectors >= 65535 * 16 * 63) return tracks(sectors, 255, 16)
  const small = Math.floor(sectors / 17)
  const heads = Math.max(4, Math.ceil(small / 1024))
  if (small < heads * 1024 && heads <= 16) return tracks(sectors, 17, heads)
  return Math.floor(sectors / 31) < 16 * 1024 ? tracks(sectors, 31, 16) : tracks(sectors, 63, 16)
}

function tracks(sectors: number, sectorsPerTrack: number, heads: number): Geometry {
  return { cylinders: Math.floor(Math.floor(sectors / sectorsPerTrack) / heads), heads, sectorsPerTrack }
}

async function writeFixed(file: BlockNode, plan: Plan): Promise<void> {
  await file.truncate(plan.size)
  await file.write(plan.size, encodeFooter(plan), { grow: true })
}

/** A copy of the footer, the header, the table of blocks, the footer. */
async function writeDynamic(file: BlockNode, plan: Plan): Promise<void> {
  const entries = Math.ceil(plan.size / blockSize)
  const tableSize = Math.ceil((entries * 4) / sector) * sector
  const footer = encodeFooter(plan)
  await file.write(0, footer, { grow: true })
  await file.write(footerSize, encodeHeader(entries), { grow: true })
  await file.write(tableOffset, new Uint8Array(tableSize).fill(unallocated), { grow: true })
  await file.write(tableOffset + tableSize, footer, { grow: true })
}

function encodeFooter({ fixed, forced, size, geometry }: Plan): Uint8Array {
  const footer = Buffer.alloc(footerSize)
  footer.write(cookie, 0, 'latin1')
  footer.writeUInt32BE(2, 8) // a bit that is always set
  footer.writeUInt32BE(0x10000, 12)
  footer.writeBigUInt64BE(fixed ? 2n ** 64n - 1n : BigInt(footerSize), 16)
  footer.writeUInt32BE(Math.max(0, Math.floor(Date.now() / 1000) - epoch), 24)
  // Who made it says whether its size counts or its geometry: these are QEMU's two.
  footer.write(forced ? 'qem2' : 'qemu', 28, 'latin1')
  footer.writeUInt16BE(5, 32)
  footer.writeUInt16BE(3, 34)
  footer.write('Wi2k', 36, 'latin1')
  footer.writeBigUInt64BE(BigInt(size), 40)
  footer.writeBigUInt64BE(BigInt(size), 48)
  footer.writeUInt16BE(geometry.cylinders, 56)
  footer.writeUInt8(geometry.heads, 58)
  footer.writeUInt8(geometry.sectorsPerTrack, 59)
  footer.writeUInt32BE(fixed ? types.fixed : types.dynamic, 60)
  const uuid = randomBytes(16)
  uuid[6] = (uuid[6]! & 0x0f) | 0x40
  uuid[8] = (uuid[8]! & 0x3f) | 0x80
  footer.set(uuid, 68)
  footer.writeUInt32BE(checksum(footer, checksumOffset), checksumOffset)
  return footer
}

function encodeHeader(entries: number): Uint8Array {
  const header = Buffer.alloc(headerSize)
  header.write(headerCookie, 0, 'latin1')
  header.writeBigUInt64BE(2n ** 64n - 1n, 8)
  header.writeBigUInt64BE(BigInt(tableOffset), 16)
  header.writeUInt32BE(0x10000, 24)
  header.writeUInt32BE(entries, 28)
  header.writeUInt32BE(blockSize, 32)
  header.writeUInt32BE(checksum(header, 36), 36)
  return header
}
