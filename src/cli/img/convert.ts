import { BlockError, type BlockNode, imageFormats, type NodeGraph, type OptionValues } from '../../block/index.ts'
import { OptionError } from '../../keyval/index.ts'
import { Arguments } from './arguments.ts'
import { reasonOf } from './block-reason.ts'
import { Copy, type CopyPlan } from './copy.ts'
import { knownFormat, writeImage } from './create.ts'
import { CreateOptions, checkOptionLists } from './create-options.ts'
import { type Output, textOf } from './img.ts'
import { ImgError } from './img-error.ts'
import { readNumber } from './numbers.ts'
import { graphFor, type OpenImage, openImage, readCache } from './open.ts'
import { Progress } from './progress.ts'
import { RateLimit } from './rate-limit.ts'
import { readSnapshotName, showSnapshot } from './snapshot-name.ts'

const largestSparse = 16 * 2 ** 20

/** `vmon img convert`: copies what a guest sees, from one image or several in a row, into another. */
export async function convert(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(
    argv,
    'f= O= B= F:target-backing-format= c o= l= S= p t= T= q n m= W r= object= image-opts target-image-opts ' +
      'U:force-share salvage target-is-zero',
  )
  const wishes = readWishes(args)
  const snapshot = readSnapshotName(args.value('l'))
  checkOptionLists(args.values('o'))
  const [sources, target] = [args.operands.slice(0, -1), args.operands.at(-1)]
  if (args.values('o').some((text) => text === 'help' || text === '?')) {
    output.out(new CreateOptions(knownFormat(wishes.format)).help())
    return 0
  }
  if (target === undefined || sources.length === 0) throw new ImgError('Must specify image file name')
  if (wishes.keepTarget && args.has('o')) output.complain('warning: -o has no effect when skipping image creation')
  if (snapshot !== undefined && sources.length > 1) {
    throw new ImgError('No support for concatenating multiple snapshot')
  }
  const sourceCache = readCache(args.value('T'), 'source cache option')
  await using graph = graphFor(args, output)
  const opened: OpenImage[] = []
  try {
    for (const source of sources) {
      const mode = {
        format: args.value('f'),
        imageOptions: args.has('image-opts'),
        forceShare: args.has('U'),
        ...(sourceCache === undefined ? {} : { cache: sourceCache }),
      }
      opened.push(await openImage(graph, source, mode))
    }
    const nodes = opened.map(({ node }) => node)
    if (snapshot !== undefined) await showSnapshot(nodes[0]!, snapshot)
    const options = await makeTarget(graph, args, wishes, nodes, target)
    await copyInto(graph, args, wishes, nodes, { filename: target, keys: options?.keys ?? {} }, output)
    return 0
  } finally {
    for (const image of opened.reverse()) await image[Symbol.asyncDispose]()
  }
}

/** What the options say of the copy. */
interface Wishes {
  readonly format: string
  readonly keepTarget: boolean
  readonly compressed: boolean
  /** Zeroes of at least so many bytes are left out; 0: none are. */
  readonly sparse: number
  readonly parallel: number
  /** Bytes a second; 0: as many as can be. */
  readonly rate: number
}

/** @throws {ImgError} in QEMU's words */
function readWishes(args: Arguments): Wishes {
  const sparseText = args.value('S')
  const sparse = sparseText === undefined ? 4096 : readNumber('buffer size for sparse output', sparseText)
  if (sparse % 512 !== 0 || sparse > largestSparse) {
    throw new ImgError(
      'Invalid buffer size for sparse output specified. Valid sizes are multiples of 512 up to ' +
        `${largestSparse}. Select 0 to disable sparse detection (fully allocates output).`,
    )
  }
  const parallel = Number(args.value('m') ?? 8)
  if (!(Number.isInteger(parallel) && parallel >= 1 && parallel <= 16)) {
    throw new ImgError('Invalid number of coroutines. Allowed number of coroutines is between 1 and 16')
  }
  const rateText = args.value('r')
  const rate = rateText === undefined ? 0 : readNumber('rate limit', rateText)
  const keepTarget = args.has('n')
  if (args.has('target-image-opts') && !keepTarget) throw new ImgError('--target-image-opts requires use of -n flag')
  if (args.has('target-is-zero') && !keepTarget) throw new ImgError('--target-is-zero requires use of -n flag')
  return { format: args.value('O') ?? 'raw', keepTarget, compressed: args.has('c'), sparse, parallel, rate }
}

async function makeTarget(
  graph: NodeGraph,
  args: Arguments,
  { format, keepTarget, compressed }: Wishes,
  sources: readonly BlockNode[],
  target: string,
): Promise<CreateOptions | undefined> {
  if (keepTarget) return undefined
  const options = new CreateOptions(knownFormat(format))
  try {
    options.read(args.values('o'))
  } catch (error) {
    if (error instanceof OptionError) throw new ImgError(error.message)
    throw error
  }
  const backing = args.value('B')
  if (backing !== undefined) {
    if (!options.knows('backing_file')) throw new ImgError(`Backing file not supported for file format '${format}'`)
    if (sources.length > 1) {
      throw new ImgError('Having a backing file for the target makes no sense when concatenating multiple input images')
    }
    options.set('backing_file', backing)
    const backingFormat = args.value('F')
    if (backingFormat !== undefined) options.set('backing_fmt', backingFormat)
    if (options.get('backing_fmt') === undefined) {
      throw new ImgError('Use of backing file requires explicit backing format')
    }
  }
  if (compressed && imageFormats.get(format)?.compresses !== true) {
    throw new ImgError('Compression not supported for this file format')
  }
  if (!options.has('size')) options.set('size', String(sources.reduce((sum, { length }) => sum + length, 0)))
  try {
    await writeImage(graph, target, format, options)
    return options
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new ImgError(`${target}: error while converting ${format}: ${textOf(error)}`)
  }
}

async function copyInto(
  graph: NodeGraph,
  args: Arguments,
  wishes: Wishes,
  sources: readonly BlockNode[],
  target: { readonly filename: string; readonly keys: OptionValues },
  output: Output,
): Promise<void> {
  const cache = readCache(args.value('t') ?? 'unsafe', 'cache option')!
  const asOptions = args.has('target-image-opts')
  await using image = await openImage(graph, target.filename, {
    ...(asOptions ? { imageOptions: true } : { format: wishes.format }),
    options: target.keys,
    writable: true,
    discard: wishes.sparse > 0,
    cache,
  })
  const { node, target: written } = image
  const length = sources.reduce((sum, source) => sum + source.length, 0)
  if (node.length < length) throw new ImgError('output file is smaller than input file')
  if (wishes.compressed && node.driver.writeCompressed === undefined) {
    throw new ImgError('Compression not supported for this file format')
  }
  const progress = new Progress(args.has('p') && !args.has('q') ? output : undefined)
  const plan: CopyPlan = {
    sources,
    target: written,
    keepBacking: node.child('backing') !== undefined,
    targetIsZero: args.has('target-is-zero') || (!wishes.keepTarget && (await newReadsAsZeroes(node))),
    compressed: wishes.compressed,
    sparse: wishes.sparse,
    parallel: args.has('W') || !wishes.compressed ? wishes.parallel : 1,
    limit: wishes.rate === 0 ? undefined : new RateLimit(wishes.rate),
    salvage: args.has('salvage') ? (text) => output.complain(`warning: ${text}`) : undefined,
    progress: args.has('p') && !args.has('q') ? (percent) => progress.show(percent) : undefined,
  }
  try {
    progress.show(0)
    await new Copy(plan).run()
    await node.flush()
    progress.show(100)
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new ImgError(`error while converting: ${reasonOf(error)}`)
  } finally {
    progress.end()
  }
}

/** Whether an image reads as zeroes that has just been made. What is encrypted does not, where it has a place. */
async function newReadsAsZeroes(node: BlockNode): Promise<boolean> {
  if (node.child('backing') !== undefined) return false
  if ((await node.details()).encrypted !== true) return true
  const { zero, length } = await node.status(0, node.length)
  return zero && length === node.length
}
