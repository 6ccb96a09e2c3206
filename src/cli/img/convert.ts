import {
  BlockError,
  type BlockNode,
  type CopyPlan,
  ImageCopy,
  imageFormats,
  type NodeGraph,
  newReadsAsZeroes,
  type OptionValues,
  RateLimit,
  reasonOf,
  textOfBlockError,
} from '../../block/index.ts'
import { OptionError } from '../../keyval/index.ts'
import { Arguments } from '../arguments.ts'
import { ProgramError } from '../program-error.ts'
import { checkBitmaps, checkTakesBitmaps, copyBitmaps } from './copy-bitmaps.ts'
import { knownFormat, writeImage } from './create.ts'
import { CreateOptions, checkOptionLists, wantsHelp } from './create-options.ts'
import type { Output } from './img.ts'
import { readNumber } from './numbers.ts'
import { graphFor, type OpenImage, openImage, readCache } from './open.ts'
import { Progress } from './progress.ts'
import { readSnapshotName, showSnapshot } from './snapshot-name.ts'

const largestSparse = 16 * 2 ** 20

/** `vmon img convert`: copies what a guest sees, from one image or several in a row, into another. */
export async function convert(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(
    argv,
    'f= O= B= F:target-backing-format= c o= l= S= p t= T= q n m= W r= object= image-opts target-image-opts ' +
      'U:force-share salvage target-is-zero C bitmaps skip-broken-bitmaps',
    'convert',
  )
  const wishes = readWishes(args)
  const snapshot = readSnapshotName(args.value('l'))
  checkOptionLists(args.values('o'))
  const [sources, target] = [args.operands.slice(0, -1), args.operands.at(-1)]
  if (wantsHelp(args.values('o'))) {
    output.out(new CreateOptions(knownFormat(wishes.format)).help(sources.length > 0 ? target : undefined))
    return 0
  }
  if (target === undefined || sources.length === 0) throw new ProgramError('Must specify image file name')
  const sourceCache = readCache(args.value('T'), 'source cache option')
  await using progress = new Progress(args.has('p') && !args.has('q') ? output : undefined).begin()
  progress.show(0)
  await using graph = await graphFor(args, output)
  const opened: OpenImage[] = []
  try {
    for (const source of sources) {
      const mode = {
        format: args.value('f'),
        imageOptions: args.has('image-opts'),
        forceShare: args.has('U'),
        exclusive: !args.has('U'),
        ...(sourceCache === undefined ? {} : { cache: sourceCache }),
      }
      opened.push(await openImage(graph, source, mode))
    }
    const nodes = opened.map(({ node }) => node)
    if (snapshot !== undefined) {
      if (nodes.length > 1 && snapshot.either !== undefined)
        throw new ProgramError('No support for concatenating multiple snapshot')
      await showSnapshot(nodes[0]!, snapshot)
    }
    if (wishes.bitmaps !== undefined) checkBitmaps(nodes, wishes.bitmaps)
    const options = await makeTarget(graph, args, wishes, nodes, target)
    const backed = options === undefined ? args.has('B') : options.has('backing_file')
    await copyInto(
      graph,
      args,
      wishes,
      nodes,
      { filename: target, keys: options?.keys ?? {}, backed },
      { output, progress },
    )
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
  readonly verbatim: boolean
  readonly parallel: number
  /** Bytes a second; 0: as many as can be. */
  readonly rate: number
  /** Whether bitmaps go with it, and whether those that are inconsistent are left out. */
  readonly bitmaps: 'all' | 'sound' | undefined
}

/** @throws {ProgramError} in QEMU's words */
function readWishes(args: Arguments): Wishes {
  const sparseText = args.value('S')
  const sparse = sparseText === undefined ? 4096 : readNumber('buffer size for sparse output', sparseText)
  if (sparse % 512 !== 0 || sparse > largestSparse) {
    throw new ProgramError(
      'Invalid buffer size for sparse output specified. Valid sizes are multiples of 512 up to ' +
        `${largestSparse}. Select 0 to disable sparse detection (fully allocates output).`,
    )
  }
  const parallel = Number(args.value('m') ?? 8)
  if (!(Number.isInteger(parallel) && parallel >= 1 && parallel <= 16)) {
    throw new ProgramError('Invalid number of coroutines. Allowed number of coroutines is between 1 and 16')
  }
  const rateText = args.value('r')
  const rate = rateText === undefined ? 0 : readNumber('rate limit', rateText)
  const keepTarget = args.has('n')
  const [compressed, verbatim] = [args.has('c'), args.has('C')]
  if (verbatim && compressed) throw new ProgramError('Cannot enable copy offloading when -c is used')
  if (verbatim && sparseText !== undefined) throw new ProgramError('Cannot enable copy offloading when -S is used')
  if (args.has('target-image-opts') && !keepTarget)
    throw new ProgramError('--target-image-opts requires use of -n flag')
  if (keepTarget && args.has('o')) throw new ProgramError('-o has no effect when skipping image creation')
  if (args.has('target-is-zero') && !keepTarget) throw new ProgramError('--target-is-zero requires use of -n flag')
  const bitmaps = args.has('skip-broken-bitmaps') ? 'sound' : 'all'
  if (bitmaps === 'sound' && !args.has('bitmaps')) {
    throw new ProgramError('Use of --skip-broken-bitmaps requires --bitmaps')
  }
  return {
    format: args.value('O') ?? 'raw',
    keepTarget,
    compressed,
    sparse,
    verbatim,
    parallel,
    rate,
    bitmaps: args.has('bitmaps') ? bitmaps : undefined,
  }
}

async function makeTarget(
  graph: NodeGraph,
  args: Arguments,
  { format, keepTarget, compressed }: Wishes,
  sources: readonly BlockNode[],
  target: string,
): Promise<CreateOptions | undefined> {
  const options = keepTarget ? undefined : readTargetOptions(args, format)
  const backing = options === undefined ? args.value('B') : options.get('backing_file')
  if (backing !== undefined) {
    // As with QEMU the status says that all went well.
    if (args.has('target-is-zero')) {
      throw new ProgramError('Cannot use --target-is-zero when the destination image has a backing file', 0)
    }
    if (sources.length > 1) {
      throw new ProgramError(
        'Having a backing file for the target makes no sense when concatenating multiple input images',
      )
    }
    if (options !== undefined && !options.has('backing_fmt')) {
      throw new ProgramError('Use of backing file requires explicit backing format')
    }
  }
  if (options === undefined) return undefined
  if (compressed) checkCompression(format, options)
  if (!options.has('size')) options.set('size', String(sources.reduce((sum, { length }) => sum + length, 0)))
  try {
    await writeImage(graph, target, format, options, { toWrite: true })
    return options
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new ProgramError(`${target}: error while converting ${format}: ${textOfBlockError(error)}`)
  }
}

/** What `-o`, `-B` and `-F` say of a new target. @throws {ProgramError} in QEMU's words */
function readTargetOptions(args: Arguments, format: string): CreateOptions {
  const options = new CreateOptions(knownFormat(format))
  try {
    options.read(args.values('o'))
  } catch (error) {
    if (error instanceof OptionError) throw new ProgramError(error.message)
    throw error
  }
  const [backing, backingFormat] = [args.value('B'), args.value('F')]
  if (backing !== undefined) {
    if (!options.knows('backing_file')) throw new ProgramError(`Backing file not supported for file format '${format}'`)
    options.set('backing_file', backing)
  }
  if (backingFormat !== undefined) {
    if (!options.knows('backing_fmt'))
      throw new ProgramError(`Backing file format not supported for file format '${format}'`)
    options.set('backing_fmt', backingFormat)
  }
  return options
}

/** @throws {ProgramError} in QEMU's words */
function checkCompression(format: string, options: CreateOptions): void {
  const definition = imageFormats.get(format)
  if (definition?.compresses !== true) throw new ProgramError('Compression not supported for this file format')
  const refusal = definition.compressionRefusal?.((name) => options.get(name))
  if (refusal !== undefined) throw new ProgramError(refusal)
  if (options.get('encryption') === 'on' || options.has('encrypt.format')) {
    throw new ProgramError('Compression and encryption not supported at the same time')
  }
  if ((options.get('preallocation') ?? 'off') !== 'off') {
    throw new ProgramError('Compression and preallocation not supported at the same time')
  }
}

async function copyInto(
  graph: NodeGraph,
  args: Arguments,
  wishes: Wishes,
  sources: readonly BlockNode[],
  target: { readonly filename: string; readonly keys: OptionValues; readonly backed: boolean },
  { output, progress }: { readonly output: Output; readonly progress: Progress },
): Promise<void> {
  const cache = readCache(args.value('t') ?? 'unsafe', 'cache option')!
  const asOptions = args.has('target-image-opts')
  if (asOptions && args.has('O')) throw new ProgramError('--image-opts and --format are mutually exclusive')
  await using image = await openImage(graph, target.filename, {
    ...(asOptions ? { imageOptions: true } : { format: wishes.format }),
    options: target.keys,
    writable: true,
    discard: wishes.sparse > 0,
    cache,
  })
  const { node, target: written } = image
  const length = sources.reduce((sum, source) => sum + source.length, 0)
  if (wishes.compressed && node.driver.writeCompressed === undefined) {
    throw new ProgramError('Compression not supported for this file format')
  }
  if (wishes.compressed && node.driver.compressionRefusal !== undefined) {
    throw new ProgramError(node.driver.compressionRefusal)
  }
  if (wishes.bitmaps !== undefined) checkTakesBitmaps(node)
  if (node.length < length) throw new ProgramError('output file is smaller than input file')
  const plan: CopyPlan = {
    sources,
    target: written,
    keepBacking: target.backed,
    backingLength: target.backed ? (node.child('backing')?.length ?? Number.POSITIVE_INFINITY) : 0,
    targetIsZero:
      args.has('target-is-zero') ||
      (!wishes.keepTarget && !target.backed && wishes.sparse > 0 && (await newReadsAsZeroes(node))),
    compressed: wishes.compressed,
    sparse: wishes.sparse,
    verbatim: wishes.verbatim,
    parallel: wishes.parallel,
    inOrder: !args.has('W'),
    limit: wishes.rate === 0 ? undefined : new RateLimit(wishes.rate),
    salvage: args.has('salvage') ? (text) => output.complain(`warning: ${text}`) : undefined,
    progress: args.has('p') && !args.has('q') ? (percent) => progress.show(percent) : undefined,
  }
  try {
    await new ImageCopy(plan).run()
  } catch (error) {
    throw error instanceof BlockError ? new ProgramError(error.message) : error
  }
  try {
    if (wishes.bitmaps !== undefined) copyBitmaps(sources[0]!, node, wishes.bitmaps, output)
    await node.flush()
    progress.show(100)
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new ProgramError(`error while converting: ${reasonOf(error)}`)
  }
}
