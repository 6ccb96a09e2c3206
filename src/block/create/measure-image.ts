import type { DirtyBitmap } from '../bitmaps/index.ts'
import { BlockError } from '../block-error.ts'
import { formats } from '../formats/table.ts'
import { chainStatus } from '../graph/chain-status.ts'
import type { BlockNode } from '../graph/node.ts'
import type { Measurement } from '../open/create-request.ts'
import { OptionBag, type OptionValues } from '../open/option-bag.ts'

export interface MeasureOptions {
  /** The format of the new image. */
  readonly format: string
  /** What the new image will hold: so many bytes, none of them written, or what a node shows. */
  readonly source: number | BlockNode
  /** The new image will have a backing file: nobody knows how much of the source that will show. */
  readonly backed?: boolean
  /** As for `createImage()`. */
  readonly options?: OptionValues
  /** Passwords, by the names that options have for them. */
  readonly secret?: (id: string) => Promise<Uint8Array | undefined>
}

/** Says how large an image will be that is made of something. @throws {BlockError} in QEMU's words */
export async function measureImage({ format, source, backed = false, ...given }: MeasureOptions): Promise<Measurement> {
  const definition = formats.get(format)
  if (definition === undefined) throw new BlockError('unsupported', `Unknown file format '${format}'`)
  if (definition.measure === undefined) {
    throw new BlockError('unsupported', `Block driver '${format}' does not support size measurement`)
  }
  const { options = {}, secret = async () => undefined } = given
  const bag = new OptionBag(options)
  const size = Math.ceil((typeof source === 'number' ? source : source.length) / 512) * 512
  const measurement = await definition.measure({
    size,
    backing: undefined,
    options: bag,
    secret,
    bitmaps: typeof source === 'number' ? undefined : keptBitmaps(source),
    written: typeof source === 'number' ? undefined : (clusterSize) => writtenBytes(source, clusterSize, backed),
  })
  const [unknown] = bag.left
  if (unknown !== undefined) throw new BlockError('invalid', `Invalid parameter '${unknown}'`, { option: unknown })
  return measurement
}

function keptBitmaps({ bitmaps }: BlockNode): DirtyBitmap[] | undefined {
  return bitmaps.canPersist ? [...bitmaps].filter(({ persistent }) => persistent) : undefined
}

/** Bytes of all clusters in which there is data. */
async function writtenBytes(source: BlockNode, clusterSize: number, backed: boolean): Promise<number> {
  if (backed) return Math.ceil(source.length / clusterSize) * clusterSize
  let bytes = 0
  for (let at = 0; at < source.length; ) {
    const { length, data, zero, allocated } = await chainStatus(source, at, source.length - at)
    let end = at + length
    if (!zero && data && allocated) {
      end = Math.ceil(end / clusterSize) * clusterSize
      bytes += end - (at - (at % clusterSize))
    }
    at = end
  }
  return bytes
}
