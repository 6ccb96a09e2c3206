import { randomBytes } from 'node:crypto'
import { takeFilePreallocation } from '../../create/preallocation.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { CreateRequest, Maker } from '../../open/create-request.ts'
import { blockSize, headerSize, invalid, largestMap, sector, signature, types, unsupported, version } from './header.ts'

const text = '<<< QEMU VM Virtual Disk Image >>>\n'
/** Bytes of the header that its own length counts. */
const countedHeader = 0x180
/** Map entries that are written at once. */
const pageEntries = 2 ** 18

/** How the image will be laid out. */
interface Plan {
  readonly size: number
  readonly blocks: number
  /** Whether every block has its place from the beginning. */
  readonly static: boolean
  readonly dataOffset: number
}

/** Looks whether there can be such an image. @throws {BlockError} in QEMU's words, of kind `invalid` or `unsupported` */
export function createVdi({ size, options }: CreateRequest): Maker {
  takeFilePreallocation(options)
  const isStatic = options.takeBoolean('static') ?? false
  const ofImage = options.takeString('image-preallocation') ?? 'off'
  if (ofImage !== 'off' && ofImage !== 'metadata') throw unsupported('Preallocation mode not supported for vdi')
  const largest = BigInt(largestMap) * BigInt(blockSize)
  if (size > largest) {
    const [given, most] = [size, largest].map((value) => `0x${value.toString(16)}`)
    throw invalid(`Unsupported VDI image size (size is ${given}, max supported is ${most})`)
  }
  const blocks = Math.ceil(Number(size) / blockSize)
  const mapLength = Math.ceil((blocks * 4) / sector) * sector
  const plan = {
    size: Number(size),
    blocks,
    static: isStatic || ofImage === 'metadata',
    dataOffset: headerSize + mapLength,
  }
  return (file) => write(file, plan)
}

async function write(file: BlockNode, plan: Plan): Promise<void> {
  const { blocks, dataOffset } = plan
  await file.write(0, encodeHeader(plan), { grow: true })
  const mapEntries = (dataOffset - headerSize) / 4
  for (let first = 0; first < mapEntries; first += pageEntries) {
    const page = Buffer.alloc(Math.min(pageEntries, mapEntries - first) * 4)
    const used = Math.min(page.length / 4, Math.max(0, blocks - first))
    if (!plan.static) page.fill(0xff, 0, used * 4)
    else for (let index = 0; index < used; index++) page.writeUInt32LE(first + index, index * 4)
    await file.write(headerSize + first * 4, page, { grow: true })
  }
  const length = dataOffset + blocks * blockSize
  if (plan.static && file.length < length) await file.truncate(length)
}

function encodeHeader({ size, blocks, dataOffset, ...plan }: Plan): Uint8Array {
  const header = Buffer.alloc(headerSize)
  header.write(text, 'latin1')
  const words: readonly (readonly [number, number])[] = [
    [0x40, signature],
    [0x44, version],
    [0x48, countedHeader],
    [0x4c, plan.static ? types.fixed : types.dynamic],
    [0x154, headerSize],
    [0x158, dataOffset],
    [0x168, sector],
    [0x178, blockSize],
    [0x180, blocks],
    [0x184, plan.static ? blocks : 0],
  ]
  for (const [offset, value] of words) header.writeUInt32LE(value, offset)
  header.writeBigUInt64LE(BigInt(size), 0x170)
  for (const offset of [0x188, 0x198]) header.set(randomUuid(), offset)
  return header
}

/** As random ones are marked (RFC 4122), the first fields with the low byte first. */
function randomUuid(): Uint8Array {
  const bytes = randomBytes(16)
  bytes[7] = (bytes[7]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes
}
