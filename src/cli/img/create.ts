import {
  BlockError,
  type BlockNode,
  checkDriverWord,
  combinePath,
  createImage,
  imageFormats,
  type NodeGraph,
  textOfBlockError,
} from '../../block/index.ts'
import { OptionError } from '../../keyval/index.ts'
import { Arguments } from '../arguments.ts'
import { ProgramError, UsageError } from '../program-error.ts'
import { CreateOptions, checkOptionLists, wantsHelp } from './create-options.ts'
import type { Output } from './img.ts'
import { readInteger } from './numbers.ts'
import { graphFor } from './open.ts'

/** `vmon img create`: makes an empty image. */
export async function create(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(argv, 'F= b= f= o= q u object=', 'create')
  const [filename, sizeText, unexpected] = args.operands
  const format = args.value('f') ?? 'raw'
  if (wantsHelp(args.values('o'))) {
    output.out(new CreateOptions(knownFormat(format)).help(filename))
    return 0
  }
  if (filename === undefined) throw new UsageError('Expecting image file name')
  const size = sizeText === undefined ? undefined : readInteger('image size', sizeText)
  if (unexpected !== undefined) throw new UsageError(`Unexpected argument: ${unexpected}`)
  checkOptionLists(args.values('o'))
  const plan: CreatePlan = {
    filename,
    format,
    options: args.values('o'),
    backing: args.value('b'),
    backingFormat: args.value('F'),
    unsafe: args.has('u'),
    size,
  }
  try {
    await using graph = await graphFor(args, output)
    await makeImage(graph, plan, args.has('q') ? undefined : output)
    return 0
  } catch (error) {
    if (error instanceof OptionError) throw new ProgramError(`${filename}: ${error.message}`)
    if (error instanceof BlockError) throw new ProgramError(`${filename}: ${textOfBlockError(error)}`)
    if (error instanceof ProgramError) throw new ProgramError(`${filename}: ${error.message}`)
    throw error
  }
}

/** What to make. */
export interface CreatePlan {
  readonly filename: string
  readonly format: string
  /** Each as `-o` has it. */
  readonly options: readonly string[]
  readonly backing?: string | undefined
  readonly backingFormat?: string | undefined
  /** The backing file need not be there. */
  readonly unsafe?: boolean
  /** In bytes. */
  readonly size: bigint | undefined
}

/**
 * Makes an image.
 *
 * @param output - where to say what is made, if that is wanted
 * @throws {BlockError}, {OptionError} in QEMU's words
 */
async function makeImage(graph: NodeGraph, plan: CreatePlan, output: Output | undefined): Promise<void> {
  const { filename, format } = plan
  const options = new CreateOptions(knownFormat(format))
  options.read(plan.options)
  if (plan.size !== undefined) {
    if (options.has('size')) throw new BlockError('invalid', 'The image size must be specified only once')
    options.set('size', String(plan.size))
  }
  if (plan.backing !== undefined) {
    if (!options.knows('backing_file')) {
      throw new BlockError('unsupported', `Backing file not supported for file format '${format}'`)
    }
    options.set('backing_file', plan.backing)
  }
  if (plan.backingFormat !== undefined) {
    if (!options.knows('backing_fmt')) {
      throw new BlockError('unsupported', `Backing file format not supported for file format '${format}'`)
    }
    options.set('backing_fmt', plan.backingFormat)
  }
  const backing = options.get('backing_file')
  if (backing !== undefined) await fitToBacking(graph, plan, options, backing)
  if (options.size === undefined) throw new BlockError('invalid', 'Image creation needs a size parameter')
  output?.out(options.describe(filename))
  await writeImage(graph, filename, format, options)
}

/** Makes the file. @param options - `toWrite`: whether it will be filled @throws {BlockError} */
export async function writeImage(
  graph: NodeGraph,
  filename: string,
  format: string,
  options: CreateOptions,
  { toWrite = false } = {},
): Promise<void> {
  const backing = options.get('backing_file')
  const backingFormat = options.get('backing_fmt')
  if (backing === undefined && backingFormat !== undefined) {
    checkDriverWord('backing-fmt', backingFormat)
    throw new BlockError('invalid', 'Backing format cannot be used without backing file')
  }
  const size = ((options.size ?? 0n) + 511n) & ~511n
  await createImage(graph, {
    filename,
    format,
    size,
    toWrite,
    options: options.forDriver(),
    ...(backing === undefined
      ? {}
      : { backing: { filename: backing, ...(backingFormat === undefined ? {} : { format: backingFormat }) } }),
  })
}

/**
 * A format of which images can be made.
 *
 * @param options - `named`: whether a complaint says which format is not known
 * @throws {ProgramError} in QEMU's words
 */
export function knownFormat(format: string, { named = true } = {}): string {
  // A file without a format is made as a raw image is.
  const known = imageFormats.get(format === 'file' ? 'raw' : format)
  if (known === undefined) throw new ProgramError(named ? `Unknown file format '${format}'` : 'Unknown file format')
  if (known.create === undefined) throw new ProgramError(`Format driver '${format}' does not support image creation`)
  return format
}

/** Looks at the backing file: whether it is there, what it is, how long. */
async function fitToBacking(
  graph: NodeGraph,
  { filename, unsafe = false }: CreatePlan,
  options: CreateOptions,
  backing: string,
): Promise<void> {
  if (backing === filename) {
    throw new BlockError('invalid', 'Error: Trying to create an image with the same filename as the backing file')
  }
  if (backing === '') throw new BlockError('invalid', 'Expected backing file name, got empty string')
  const format = options.get('backing_fmt')
  if (unsafe) {
    if (format === undefined) throw new BlockError('invalid', 'Backing file specified without backing format')
    return
  }
  let node: BlockNode
  try {
    const path = combinePath(filename, backing)
    node = await graph.open({
      filename: path,
      // Whoever writes to it may go on, and nobody reads what the guest sees.
      options: { 'force-share': true, ...(format === undefined ? {} : { driver: format }) },
      readOnly: true,
      noIo: true,
    })
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new BlockError(error.kind, `${error.message}\nCould not open backing image.`, error.context)
  }
  const { length, driver } = node
  await node.close()
  if (format === undefined) {
    throw new BlockError('invalid', `Backing file specified without backing format\nDetected format of ${driver.name}.`)
  }
  if (options.size === undefined) options.set('size', String(length))
}
