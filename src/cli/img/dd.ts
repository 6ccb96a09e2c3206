import { BlockError, reasonOf, textOfBlockError } from '../../block/index.ts'
import { Arguments } from '../arguments.ts'
import { ProgramError } from '../program-error.ts'
import { knownFormat, writeImage } from './create.ts'
import { CreateOptions } from './create-options.ts'
import type { Output } from './img.ts'
import { largestCount, readNumber } from './numbers.ts'
import { graphFor, openImage } from './open.ts'

const pieceSize = 2 ** 20

/** What the operands say. */
interface Wishes {
  readonly from: string
  readonly to: string
  readonly blockSize: number
  /** Input blocks, from the beginning on: those that are skipped are among them. */
  readonly count: number | undefined
  readonly skip: number
}

/** `vmon img dd`: copies a part of an image into a new one. */
export async function dd(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(argv, 'f= O= U:force-share image-opts object=', 'dd')
  const format = args.value('O') ?? 'raw'
  const { from, to, blockSize, count, skip } = readOperands(args.operands)
  await using graph = await graphFor(args, output)
  await using source = await openImage(graph, from, {
    format: args.value('f'),
    imageOptions: args.has('image-opts'),
    forceShare: args.has('U'),
  })
  const end = Math.min(source.node.length, count === undefined ? Number.POSITIVE_INFINITY : count * blockSize)
  const begin = skip * blockSize
  const options = new CreateOptions(knownFormat(format, { named: false }))
  options.set('size', String(Math.max(0, end - begin)))
  try {
    await writeImage(graph, to, format, options, { toWrite: true })
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new ProgramError(`${to}: error while creating output image: ${textOfBlockError(error)}`)
  }
  if (begin > end) output.complain(`${from}: cannot skip to specified offset`)
  await using target = await openImage(graph, to, { format, writable: true })
  const buffer = Buffer.allocUnsafeSlow(pieceSize)
  for (let at = begin; at < end; at += pieceSize) {
    const piece = buffer.subarray(0, Math.min(pieceSize, end - at))
    await inWords(`error while reading from input image file`, source.node.readInto(at, piece))
    await inWords(`error while writing to output image file`, target.target.write(at - begin, piece))
  }
  return 0
}

/** @throws {ProgramError} in QEMU's words */
function readOperands(operands: readonly string[]): Wishes {
  const values = new Map<string, string>()
  for (const operand of operands) {
    const [name, value] = splitOnce(operand)
    if (value === undefined || !['bs', 'count', 'if', 'of', 'skip'].includes(name)) {
      throw new ProgramError(`unrecognized operand ${name}`)
    }
    values.set(name, value)
  }
  const number = (name: string, limits?: { min?: bigint; max?: bigint }): number | undefined => {
    const text = values.get(name)
    return text === undefined ? undefined : readNumber(name, text, limits)
  }
  const blockSize = number('bs', { min: 1n, max: BigInt(largestCount) }) ?? 512
  const count = number('count')
  const skip = number('skip') ?? 0
  const [from, to] = [values.get('if'), values.get('of')]
  if (from === undefined || to === undefined) throw new ProgramError('Must specify both input and output files')
  return { from, to, blockSize, count, skip }
}

function splitOnce(operand: string): [name: string, value: string | undefined] {
  const at = operand.indexOf('=')
  return at === -1 ? [operand, undefined] : [operand.slice(0, at), operand.slice(at + 1)]
}

async function inWords(complaint: string, request: Promise<void>): Promise<void> {
  try {
    await request
  } catch (error) {
    if (error instanceof BlockError) throw new ProgramError(`${complaint}: ${reasonOf(error)}`)
    throw error
  }
}
