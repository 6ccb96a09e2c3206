import {
  BlockError,
  type BlockNode,
  chainStatus,
  flattenOptions,
  type NodeGraph,
  type OptionValues,
} from '../../block/index.ts'
import { Arguments } from './arguments.ts'
import { reasonOf } from './block-reason.ts'
import type { Output } from './img.ts'
import { ImgError, UsageError } from './img-error.ts'
import { readNumber } from './numbers.ts'
import { type CacheWords, graphFor, type OpenImage, type OpenMode, openImage, openNode, readCache } from './open.ts'
import { Progress } from './progress.ts'
import { RateLimit } from './rate-limit.ts'

const pieceSize = 2 ** 20

/** `vmon img commit`: writes what an image holds into the image behind it. */
export async function commit(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(argv, 'f= t= b= d p q object= image-opts r=')
  const rateText = args.value('r')
  const rate = rateText === undefined ? 0 : readNumber('rate limit', rateText)
  const [filename] = args.operands
  if (filename === undefined || args.operands.length > 1) throw new UsageError('Expecting one image file name')
  const cache = readCache(args.value('t'), 'cache option') ?? 'writeback'
  const quiet = args.has('q')
  await using graph = graphFor(args, output)
  const mode = { format: args.value('f'), imageOptions: args.has('image-opts'), cache }
  const chain = await findChain(graph, filename, mode, args.value('b'))
  await using images = await openChain(graph, chain, cache)
  const progress = new Progress(args.has('p') && !quiet ? output : undefined)
  try {
    progress.show(0)
    await copyDown(images, rate === 0 ? undefined : new RateLimit(rate), (percent) => progress.show(percent))
    progress.show(100)
    // Images between the two, and those over them, would show something else if this one were emptied.
    if (!args.has('b') && !args.has('d')) await empty(images.top.node)
  } catch (error) {
    throw error instanceof BlockError ? new ImgError(reasonOf(error)) : error
  } finally {
    progress.end()
  }
  if (!quiet) output.out('Image committed.\n')
  return 0
}

/**
 * The options that open each image from the one that is committed to the one that it goes to.
 *
 * @throws {ImgError} in QEMU's words
 */
async function findChain(
  graph: NodeGraph,
  filename: string,
  mode: OpenMode,
  wanted: string | undefined,
): Promise<OptionValues[]> {
  await using image = await openImage(graph, filename, { ...mode, writable: true })
  const chain = [image.node]
  for (let above = image.node; ; ) {
    const node = above.child('backing')
    if (node === undefined) break
    chain.push(node)
    if (wanted === undefined || node.filename === wanted || (await above.details()).backingFilename === wanted) {
      return chain.map(({ driver }) => flattenOptions({ ...driver.fullOptions(), backing: undefined }))
    }
    above = node
  }
  if (wanted === undefined) throw new ImgError('Image does not have a backing file')
  throw new ImgError(`Did not find '${wanted}' in the backing chain of '${filename}'`)
}

/** The two images of which one goes into the other. */
interface Pair extends AsyncDisposable {
  readonly top: OpenImage
  readonly base: OpenImage
}

/** Opens the images anew, each over the next, the first and the last for writing. @throws {ImgError} */
async function openChain(graph: NodeGraph, chain: readonly OptionValues[], cache: CacheWords): Promise<Pair> {
  const opened: OpenImage[] = []
  const close = async (): Promise<void> => {
    for (const image of opened.reverse()) await image[Symbol.asyncDispose]()
  }
  try {
    for (const [index, options] of [...chain.entries()].reverse()) {
      const below = opened.at(-1)?.node.name
      const writable = index === 0 || index === chain.length - 1
      const backing = below === undefined ? {} : { backing: below }
      opened.push(
        await openNode(graph, { options: { ...options, ...backing }, readOnly: !writable }, { writable, cache }),
      )
    }
  } catch (error) {
    await close()
    throw error
  }
  return { top: opened.at(-1)!, base: opened[0]!, [Symbol.asyncDispose]: close }
}

/** Writes into the lower image what the upper one, and those between them, hold. */
async function copyDown(
  { top, base }: Pair,
  limit: RateLimit | undefined,
  reached: (percent: number) => void,
): Promise<void> {
  const { node } = top
  if (node.length > base.node.length) await base.node.truncate(node.length)
  const buffer = Buffer.allocUnsafeSlow(pieceSize)
  for (let at = 0; at < node.length; reached((100 * at) / node.length)) {
    const status = await chainStatus(node, at, node.length - at, { base: base.node })
    if (status.zero && (status.allocated || at >= base.node.length)) {
      await base.target.writeZeroes(at, status.length, { unmap: true })
      at += status.length
    } else if (status.allocated) {
      const piece = buffer.subarray(0, Math.min(pieceSize, status.length))
      await limit?.spend(piece.byteLength)
      await node.readInto(at, piece)
      await base.target.write(at, piece)
      at += piece.byteLength
    } else at += status.length
  }
  await base.target.flush()
}

/** @throws {ImgError} in QEMU's words */
async function empty({ driver, filename }: BlockNode): Promise<void> {
  if (driver.empty === undefined) throw new ImgError(`Could not empty ${filename}: Operation not supported`)
  await driver.empty()
}
