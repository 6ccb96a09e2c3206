import { writeZeroBytes } from '../../block/index.ts'
import { checkOptionValue, OptionError, parseSize } from '../../keyval/index.ts'
import { Arguments } from './arguments.ts'
import type { Output } from './img.ts'
import { ImgError, UsageError } from './img-error.ts'
import { graphFor, openImage } from './open.ts'

const preallocations = ['off', 'metadata', 'falloc', 'full']

/** `vmon img resize`: makes an image longer or shorter. */
export async function resize(argv: readonly string[], output: Output): Promise<number> {
  const sizeText = argv.at(-1)
  if (sizeText === undefined || argv.length < 2) throw new UsageError('Not enough arguments')
  // The size comes last and may begin with a minus, so it is no option.
  const args = new Arguments(argv.slice(0, -1), 'f:format= preallocation= q shrink object= image-opts')
  const preallocation = args.value('preallocation') ?? 'off'
  if (!preallocations.includes(preallocation)) throw new ImgError(`Invalid preallocation mode '${preallocation}'`)
  const [filename] = args.operands
  if (filename === undefined || args.operands.length > 1) throw new UsageError('Expecting image file name and size')
  const { sign, bytes } = readSize(sizeText)
  await using graph = graphFor(args, output)
  await using image = await openImage(graph, filename, {
    format: args.value('f'),
    imageOptions: args.has('image-opts'),
    writable: true,
  })
  const { node } = image
  const wanted = sign === 0 ? bytes : node.length + sign * bytes
  if (wanted <= 0) throw new ImgError('New image size must be positive')
  if (wanted <= node.length && preallocation !== 'off') {
    throw new ImgError('Preallocation can only be used for growing images')
  }
  if (preallocation === 'metadata') throw new ImgError(`Unsupported preallocation mode: ${preallocation}`)
  if (wanted < node.length && !args.has('shrink')) {
    output.complain('Use the --shrink option to perform a shrink operation.')
    output.complain(
      "warning: Shrinking an image will delete all data beyond the shrunken image's end. " +
        'Before performing such an operation, make sure there is no important data there.',
    )
    return 1
  }
  const before = node.length
  await node.truncate(Math.ceil(wanted / 512) * 512)
  // Space is taken by zeroes that are written: nothing else takes it on every file system and in every format.
  if (preallocation !== 'off') await writeZeroBytes(node, before, node.length - before)
  await node.flush()
  if (!args.has('q')) output.out('Image resized.\n')
  return 0
}

/** @throws {ImgError} in QEMU's words */
function readSize(text: string): { sign: -1 | 0 | 1; bytes: number } {
  const sign = text.startsWith('+') ? 1 : text.startsWith('-') ? -1 : 0
  const digits = sign === 0 ? text : text.slice(1)
  try {
    checkOptionValue('size', digits, 'size')
  } catch (error) {
    if (error instanceof OptionError) throw new ImgError(error.message)
    throw error
  }
  return { sign, bytes: Number(parseSize(digits)) }
}
