import { type BlockNode, largestLength, type Preallocation, preallocations, resizeImage } from '../../block/index.ts'
import { checkOptionValue, OptionError, parseSize } from '../../keyval/index.ts'
import { Arguments } from '../arguments.ts'
import { ProgramError, UsageError } from '../program-error.ts'
import type { Output } from './img.ts'
import { graphFor, openImage } from './open.ts'

/** `vmon img resize`: makes an image longer or shorter. */
export async function resize(argv: readonly string[], output: Output): Promise<number> {
  const sizeText = argv.at(-1)
  if (sizeText === undefined || argv.length < 2) throw new UsageError('Not enough arguments')
  // The size comes last and may begin with a minus, so it is no option.
  const args = new Arguments(argv.slice(0, -1), 'f:format= preallocation= q shrink object= image-opts', 'resize')
  const preallocation = readPreallocation(args.value('preallocation'))
  const [filename] = args.operands
  if (filename === undefined || args.operands.length > 1) throw new UsageError('Expecting image file name and size')
  const { sign, bytes } = readSize(sizeText)
  await using graph = await graphFor(args, output)
  await using image = await openImage(graph, filename, {
    format: args.value('f'),
    imageOptions: args.has('image-opts'),
    writable: true,
  })
  const { node } = image
  const before = BigInt(node.length)
  // A size of QEMU's is a signed one of 64 bits.
  const wanted = BigInt.asIntN(64, sign === 0n ? bytes : before + sign * bytes)
  if (wanted <= 0n) throw new ProgramError('New image size must be positive')
  if (wanted <= before && preallocation !== 'off') {
    throw new ProgramError('Preallocation can only be used for growing images')
  }
  if (wanted < before && !args.has('shrink')) {
    output.complain('Use the --shrink option to perform a shrink operation.')
    output.complain(
      "warning: Shrinking an image will delete all data beyond the shrunken image's end. " +
        'Before performing such an operation, make sure there is no important data there.',
    )
    return 1
  }
  checkLargest(node, wanted)
  await resizeImage(node, Number(wanted), preallocation)
  await node.flush()
  if (!args.has('q')) output.out('Image resized.\n')
  return 0
}

/** Refuses what is more than can be counted here, which is more than any file can be. @throws {ProgramError} in QEMU's words */
function checkLargest({ driver }: BlockNode, wanted: bigint): void {
  if (wanted > largestLength) throw new ProgramError(`offset(${wanted}) exceeds maximum(${largestLength})`)
  if (wanted <= BigInt(Number.MAX_SAFE_INTEGER)) return
  if (driver.name !== 'qcow2') throw new ProgramError('Could not resize file: File too large')
  if (wanted % 512n !== 0n) throw new ProgramError('The new size must be a multiple of 512')
}

/** @throws {ProgramError} in QEMU's words */
function readSize(text: string): { sign: bigint; bytes: bigint } {
  const sign = text.startsWith('+') ? 1n : text.startsWith('-') ? -1n : 0n
  const digits = sign === 0n ? text : text.slice(1)
  try {
    checkOptionValue('size', digits, 'size')
  } catch (error) {
    if (error instanceof OptionError) throw new ProgramError(error.message)
    throw error
  }
  return { sign, bytes: parseSize(digits) as bigint }
}

/** @throws {ProgramError} in QEMU's words */
function readPreallocation(word = 'off'): Preallocation {
  const known = preallocations.find((each) => each === word)
  if (known === undefined) throw new ProgramError(`Invalid preallocation mode '${word}'`)
  return known
}
