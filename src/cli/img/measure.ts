import {
  BlockError,
  imageFormats,
  type Measurement,
  measureImage,
  type NodeGraph,
  textOfBlockError,
} from '../../block/index.ts'
import { OptionError } from '../../keyval/index.ts'
import { Arguments } from '../arguments.ts'
import { ProgramError } from '../program-error.ts'
import { CreateOptions, checkOptionLists } from './create-options.ts'
import type { Output } from './img.ts'
import { readNumber } from './numbers.ts'
import { graphFor, openImage } from './open.ts'
import { readOutputFormat } from './output-format.ts'
import { readSnapshotName, showSnapshot } from './snapshot-name.ts'

/** `vmon img measure`: says how large an image will be before it is made. */
export async function measure(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(argv, 'f= l= o= O= U:force-share image-opts object= output= size=', 'measure')
  const snapshot = readSnapshotName(args.value('l'))
  checkOptionLists(args.values('o'))
  const printed = readOutputFormat(args.value('output'))
  const sizeText = args.value('size')
  const size = sizeText === undefined ? undefined : readNumber('image size', sizeText)
  const [filename] = args.operands
  checkSource(args, filename, size)
  const format = args.value('O') ?? 'raw'
  await using graph = await graphFor(args, output)
  if (filename === undefined) {
    const { wanted } = readWishes(graph, format, args.values('o'))
    print(await inWords(measureImage({ ...wanted, source: size! })), printed, output)
    return 0
  }
  await using image = await openImage(graph, filename, {
    format: args.value('f'),
    imageOptions: args.has('image-opts'),
    forceShare: args.has('U'),
  })
  if (snapshot !== undefined) await showSnapshot(image.node, snapshot)
  const { options, wanted } = readWishes(graph, format, args.values('o'))
  const backed = options.has('backing_file')
  const found = await inWords(measureImage({ ...wanted, source: image.node, backed }))
  print(found, printed, output)
  return 0
}

/** @throws {ProgramError} in QEMU's words */
function checkSource(args: Arguments, filename: string | undefined, size: number | undefined): void {
  if (args.operands.length > 1) throw new ProgramError('At most one filename argument is allowed.')
  if (filename === undefined && ['image-opts', 'f', 'l'].some((name) => args.has(name))) {
    throw new ProgramError('--image-opts, -f, and -l require a filename argument.')
  }
  if (filename === undefined && size === undefined) {
    throw new ProgramError('Either --size N or one filename must be specified.')
  }
  if (filename !== undefined && size !== undefined) {
    throw new ProgramError('--size N cannot be used together with a filename.')
  }
}

/** What is measured, but for the source. @throws {ProgramError} in QEMU's words */
function readWishes(graph: NodeGraph, format: string, texts: readonly string[]) {
  const options = readOptions(format, texts)
  return { options, wanted: { format, options: options.forDriver(), secret: (id: string) => graph.secret(id) } }
}

/** @throws {ProgramError} in QEMU's words */
function readOptions(format: string, texts: readonly string[]): CreateOptions {
  if (!imageFormats.has(format)) throw new ProgramError(`Unknown file format '${format}'`)
  const options = new CreateOptions(format)
  try {
    options.read(texts)
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    throw new ProgramError(`${error.message}\nvmon img: Invalid options for file format '${format}'`)
  }
  return options
}

async function inWords(measuring: Promise<Measurement>): Promise<Measurement> {
  try {
    return await measuring
  } catch (error) {
    throw error instanceof BlockError ? new ProgramError(textOfBlockError(error)) : error
  }
}

function print({ required, fullyAllocated, bitmaps }: Measurement, format: 'human' | 'json', output: Output): void {
  if (format === 'json') {
    const found = { bitmaps, required, 'fully-allocated': fullyAllocated }
    output.out(`${JSON.stringify(found, undefined, 4)}\n`)
    return
  }
  output.out(`required size: ${BigInt(required)}\nfully allocated size: ${BigInt(fullyAllocated)}\n`)
  if (bitmaps !== undefined) output.out(`bitmaps size: ${BigInt(bitmaps)}\n`)
}
