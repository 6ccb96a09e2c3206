import { realpathSync } from 'node:fs'
import {
  BlockError,
  type BlockNode,
  combinePath,
  copyDown,
  flattenOptions,
  type NodeGraph,
  type OptionValues,
  RateLimit,
  reasonOf,
  storageName,
} from '../../block/index.ts'
import { systemCode } from '../../errno/index.ts'
import { Arguments } from '../arguments.ts'
import { ProgramError, UsageError } from '../program-error.ts'
import type { Output } from './img.ts'
import { readNumber } from './numbers.ts'
import { type CacheWords, graphFor, type OpenImage, type OpenMode, openImage, openNode, readCache } from './open.ts'
import { Progress } from './progress.ts'

/** `vmon img commit`: writes what an image holds into the image behind it. */
export async function commit(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(argv, 'f= t= b= d p q object= image-opts r=', 'commit')
  const rateText = args.value('r')
  const rate = rateText === undefined ? 0 : readNumber('rate limit', rateText)
  const [filename] = args.operands
  if (filename === undefined || args.operands.length > 1) throw new UsageError('Expecting one image file name')
  const cache = readCache(args.value('t'), 'cache option') ?? 'writeback'
  const quiet = args.has('q')
  await using graph = await graphFor(args, output)
  const mode = { format: args.value('f'), imageOptions: args.has('image-opts'), cache }
  await using progress = new Progress(args.has('p') && !quiet ? output : undefined)
  const chain = await findChain(graph, filename, { mode, wanted: args.value('b'), progress })
  await using images = await openChain(graph, chain, cache)
  try {
    const { top, base } = images
    const limit = rate === 0 ? undefined : new RateLimit(rate)
    await copyDown(top.node, base.node, {
      through: base.target,
      keepsHoles: true,
      spend: (bytes) => limit?.spend(bytes),
      reached: (offset) => progress.show((100 * offset) / top.node.length),
    })
    progress.show(100)
  } catch (error) {
    throw error instanceof BlockError ? new ProgramError(`Block job failed: ${reasonOf(error)}`) : error
  }
  // Images between the two, and those over them, would show something else if this one were emptied.
  if (!args.has('b') && !args.has('d')) await empty(images.top.node)
  progress.end()
  if (!quiet) output.out('Image committed.\n')
  return 0
}

/**
 * The options that open each image from the one that is committed to the one that it goes to.
 *
 * @throws {ProgramError} in QEMU's words
 */
async function findChain(
  graph: NodeGraph,
  filename: string,
  {
    mode,
    wanted,
    progress,
  }: { readonly mode: OpenMode; readonly wanted: string | undefined; readonly progress: Progress },
): Promise<OptionValues[]> {
  await using image = await openImage(graph, filename, { ...mode, writable: true })
  progress.begin().show(0)
  const chain = [image.node]
  for (let above = image.node; ; ) {
    const node = above.child('backing')
    if (node === undefined) break
    chain.push(node)
    if (wanted === undefined || (await isBehind(above, wanted))) {
      return chain.map(({ driver }) => flattenOptions({ ...driver.fullOptions(), backing: undefined }))
    }
    above = node
  }
  if (wanted === undefined) throw new ProgramError('Image does not have a backing file')
  throw new ProgramError(`Did not find '${wanted}' in the backing chain of '${filename}'`)
}

/** Whether a name means what is behind an image: as a name without protocol beside it means it, not beside us. */
async function isBehind(image: BlockNode, wanted: string): Promise<boolean> {
  const { backingFilename } = await image.details()
  if (backingFilename === undefined) return false
  if (backingFilename === wanted) return true
  const beside = storageName(image)
  try {
    return realpathSync(combinePath(beside, wanted)) === realpathSync(combinePath(beside, backingFilename))
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    return false
  }
}

/** The two images of which one goes into the other. */
interface Pair extends AsyncDisposable {
  readonly top: OpenImage
  readonly base: OpenImage
}

/** Opens the images anew, each over the next, the first and the last for writing. @throws {ProgramError} */
async function openChain(graph: NodeGraph, chain: readonly OptionValues[], cache: CacheWords): Promise<Pair> {
  const opened: OpenImage[] = []
  const close = async (): Promise<void> => {
    // Also when the end of one fails, those below it are closed.
    let failure: unknown
    for (const image of opened.reverse()) {
      try {
        await image[Symbol.asyncDispose]()
      } catch (error) {
        failure ??= error
      }
    }
    if (failure !== undefined) throw failure
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

/** Empties an image whose format can be. @throws {ProgramError} in QEMU's words */
async function empty({ driver, filename }: BlockNode): Promise<void> {
  try {
    await driver.empty?.()
  } catch (error) {
    throw error instanceof BlockError ? new ProgramError(`Failed to empty ${filename}: ${reasonOf(error)}`) : error
  }
}
